import { noJson } from './json-errors.js';

const quote = 34;
const backslash = 92;
const blank = 32;

/** What follows a backslash, and the byte that both stand for. */
const escapes: ReadonlyMap<number | undefined, number> = new Map([
  [quote, quote],
  [backslash, backslash],
  [47, 47],
  [0x62, 8],
  [0x66, 12],
  [0x6e, 10],
  [0x72, 13],
  [0x74, 9],
]);

/**
 * Reads the texts of a JSON body, long ones in parts. What is read is written over the body itself, for no text is
 * longer without its escapes than with them.
 */
export class StringReader {
  readonly #body: Uint8Array;
  /** Where the text begins that is read, without its quotation mark. */
  #start = 0;
  #written = 0;
  at = 0;

  constructor(body: Uint8Array) {
    this.#body = body;
  }

  /** Goes to the text whose quotation mark lies at a place. */
  begin(at: number): void {
    this.at = at + 1;
    this.#start = at + 1;
    this.#written = at + 1;
  }

  /** Reads so many bytes at most; undefined while the text goes on. */
  read(bytesMax: number): Uint8Array | undefined {
    const body = this.#body;
    const stop = this.at + bytesMax;
    while (this.at < stop) {
      const byte = body[this.at];
      if (byte === undefined) throw noJson('quote', this.at);
      if (byte === quote) {
        this.at++;
        return body.subarray(this.#start, this.#written);
      }
      if (byte === backslash) {
        this.#readEscape();
        continue;
      }
      if (byte < blank) throw noJson(byte === 0 ? 'quote' : 'encoding', this.at);
      body[this.#written++] = byte;
      this.at++;
    }
    return undefined;
  }

  #readEscape(): void {
    const start = this.at;
    const escaped = this.#body[start + 1];
    const plain = escapes.get(escaped);
    if (plain !== undefined) {
      this.#body[this.#written++] = plain;
      this.at += 2;
      return;
    }
    if (escaped !== 0x75) throw noJson('escape', start);
    this.at += 2;
    const unit = this.#readHex(start);
    if (unit < 0xd800 || unit > 0xdfff) return this.#write(unit);
    const paired = unit < 0xdc00 && this.#body[this.at] === backslash && this.#body[this.at + 1] === 0x75;
    if (!paired) throw noJson('surrogate', start);
    this.at += 2;
    const low = this.#readHex(start);
    if (low < 0xdc00 || low > 0xdfff) throw noJson('surrogate', start);
    this.#write(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
  }

  #readHex(escapeAt: number): number {
    let unit = 0;
    for (let i = 0; i < 4; i++, this.at++) {
      const digit = Number.parseInt(String.fromCharCode(this.#body[this.at] ?? 0), 16);
      if (Number.isNaN(digit)) throw noJson('hex', escapeAt);
      unit = unit * 16 + digit;
    }
    return unit;
  }

  /** A character as UTF-8. */
  #write(codePoint: number): void {
    const bytes = Buffer.from(String.fromCodePoint(codePoint));
    this.#body.set(bytes, this.#written);
    this.#written += bytes.byteLength;
  }
}
