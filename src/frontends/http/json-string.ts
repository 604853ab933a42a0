import { escapeBytes, readEscape, writeUtf8 } from './codec/json-string.js';
import { noJson } from './json-errors.js';

const quote = 34;
const backslash = 92;
const blank = 32;

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
    const point = readEscape(this.#body, this.at);
    this.at += escapeBytes(this.#body, this.at, point);
    this.#written += writeUtf8(this.#body, this.#written, point);
  }
}
