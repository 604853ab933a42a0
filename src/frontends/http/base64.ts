import { setImmediate as nextTurn } from 'node:timers/promises';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const none = 255;
const pad = 61;

/** The six bits that a character stands for. */
const sextets = new Uint8Array(256).fill(none);
for (let bits = 0; bits < alphabet.length; bits++) sextets[alphabet.charCodeAt(bits)] = bits;

/** Characters that are decoded in one turn of the event loop. */
const turnCharacters = 65_536;

/**
 * What a text stands for as base64, over as many turns of the event loop as it takes; what is no such character is
 * passed over, and a padding ends it. It is written over the text itself.
 */
export async function decodeBase64(text: Uint8Array): Promise<Uint8Array> {
  const decoder = new Decoder(text);
  while (!decoder.advance(turnCharacters)) await nextTurn();
  return decoder.decoded;
}

class Decoder {
  readonly #text: Uint8Array;
  #at = 0;
  #written = 0;
  /** Bits that make no whole byte yet. */
  #bits = 0;
  #bitCount = 0;

  constructor(text: Uint8Array) {
    this.#text = text;
  }

  get decoded(): Uint8Array {
    return this.#text.subarray(0, this.#written);
  }

  /** Decodes so many characters more; true at the end. */
  advance(characters: number): boolean {
    const text = this.#text;
    const stop = Math.min(this.#at + characters, text.byteLength);
    let [bits, bitCount, written] = [this.#bits, this.#bitCount, this.#written];
    for (let at = this.#at; at < stop; at++) {
      const character = text[at] ?? pad;
      const sextet = sextets[character] ?? none;
      if (sextet === none) {
        if (character !== pad) continue;
        this.#written = written;
        return true;
      }
      bits = ((bits << 6) | sextet) & 0xffff;
      bitCount += 6;
      if (bitCount < 8) continue;
      bitCount -= 8;
      text[written++] = bits >> bitCount;
    }
    [this.#bits, this.#bitCount, this.#written, this.#at] = [bits, bitCount, written, stop];
    return stop === text.byteLength;
  }
}
