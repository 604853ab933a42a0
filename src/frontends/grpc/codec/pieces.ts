import type { Reader } from './reader.js';

/**
 * A nested message may come in pieces and is their concatenation. They are counted as they pass, and
 * read again to be joined when there are several: no memory is taken for a piece.
 */
export class Pieces {
  #count = 0;
  #size = 0;
  #last = 0;

  /** Passes over the piece that the reader stands at. */
  pass(reader: Reader): void {
    const length = reader.length();
    this.#last = reader.advance(length);
    this.#size += length;
    this.#count++;
  }

  /** The whole: a view of the only piece, or a copy. The pieces are the fields `tag` from `start` to the end. */
  join(reader: Reader, start: number, tag: number): Buffer | undefined {
    if (this.#count === 0) return undefined;
    if (this.#count === 1) return reader.bytes.subarray(this.#last, this.#last + this.#size);
    const whole = Buffer.allocUnsafe(this.#size);
    let at = 0;
    reader.position = start;
    while (!reader.done) {
      const next = reader.tag();
      if (next === tag) at = reader.copy(whole, at, reader.length());
      else reader.skip(next);
    }
    return whole;
  }
}
