// Primitive types in a header block: integers and string literals (RFC 7541 5).
import { decodeHuffman, huffmanOctetsMax } from './huffman.js';

const nothing = Buffer.alloc(0);

/** Holds what short strings decode to until they are text. */
const scratch = Buffer.alloc(1024);

/** After a prefix of ones: bytes that an integer may go on for, and its greatest value. */
const furtherBytesMax = 5;
const integerMax = 0x7f_ff_ff_ff;

/**
 * Reads a header block in place. What cannot be read sets `broken`, which stays. A string literal is read
 * in two steps: `openText` finds it, `text` decodes it, so that the bytes between can be looked up.
 */
export class BlockReader {
  bytes: Buffer = nothing;
  at = 0;
  end = 0;
  broken = false;
  textStart = 0;
  textEnd = 0;
  huffman = false;

  open(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.broken = false;
  }

  /** Lets go of the bytes: they may be a view of something much larger. */
  close(): void {
    this.bytes = nothing;
  }

  /** The integer whose prefix is the bits of `mask` in the next byte; -1 where it is broken. */
  integer(mask: number): number {
    if (this.at >= this.end) return this.#break();
    const prefix = (this.bytes[this.at++] as number) & mask;
    return prefix < mask ? prefix : this.#longInteger(mask);
  }

  #longInteger(start: number): number {
    let value = start;
    let factor = 1;
    const lastAt = Math.min(this.end, this.at + furtherBytesMax);
    while (this.at < lastAt) {
      const byte = this.bytes[this.at++] as number;
      value += (byte & 0x7f) * factor;
      factor *= 0x80;
      if (byte < 0x80) return value <= integerMax ? value : this.#break();
    }
    return this.#break();
  }

  /** Finds the string literal that comes next and goes on behind it; false where it is broken. */
  openText(): boolean {
    if (this.at >= this.end) return this.#break() > 0;
    this.huffman = (this.bytes[this.at] as number) >= 0x80;
    const length = this.integer(0x7f);
    if (length < 0 || length > this.end - this.at) return this.#break() > 0;
    this.textStart = this.at;
    this.at += length;
    this.textEnd = this.at;
    return true;
  }

  /** The string literal found last. Undefined where it is broken, or longer than `roomBytes`: such text is never made. */
  text(roomBytes: number): string | undefined {
    const { bytes, textStart, textEnd } = this;
    if (!this.huffman) {
      return textEnd - textStart > roomBytes ? undefined : bytes.toString('latin1', textStart, textEnd);
    }
    const octetsMax = Math.min(huffmanOctetsMax(textEnd - textStart), roomBytes);
    const octets = octetsMax <= scratch.length ? scratch : Buffer.allocUnsafe(octetsMax);
    const count = decodeHuffman(bytes, textStart, textEnd, octets);
    if (count < 0) this.#break();
    return count < 0 || count > roomBytes ? undefined : octets.toString('latin1', 0, count);
  }

  #break(): -1 {
    this.broken = true;
    return -1;
  }
}
