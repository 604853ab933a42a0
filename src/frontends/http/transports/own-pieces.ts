import type { Arena } from '../../../tensors/arena.js';

/** The first block of a body that does not come in one read, and the largest. */
const blockBytes = { least: 16 * 1024, most: 1024 * 1024 };

/** A body up to this is put together in Node's pool. */
const pooledBytesMax = 2048;

/**
 * The bytes of a body in memory of their own: in one piece, when they come in one read, else in blocks that grow. Bound:
 * twice of what has come, or a little.
 */
export class OwnPieces {
  /** Of the body, that have not come; infinite when nobody knows. */
  #leftBytes: number;
  #have = 0;
  #pieces: Buffer[] = [];
  #block: Buffer = noBytes;
  #filled = 0;

  readonly #arena: Arena | undefined;
  /** The arena's buffers that the pieces lie in. */
  #lent: ArrayBufferLike[] = [];

  /** `bodyBytes`: infinite when nobody knows. Memory comes from the arena, if there is one. */
  constructor(bodyBytes: number, arena?: Arena) {
    this.#leftBytes = bodyBytes;
    this.#arena = arena;
  }

  /** The arena's buffers that were taken up to now; whoever has them gives them back. */
  takeLent(): readonly ArrayBufferLike[] {
    const lent = this.#lent;
    this.#lent = [];
    return lent;
  }

  add(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#filled === this.#block.byteLength) this.#nextBlock(end - at);
      const stop = Math.min(end, at + this.#block.byteLength - this.#filled);
      bytes.copy(this.#block, this.#filled, at, stop);
      this.#filled += stop - at;
      this.#have += stop - at;
      this.#leftBytes -= stop - at;
      at = stop;
    }
  }

  /** All that has come, once. */
  take(): Buffer[] {
    if (this.#filled > 0) this.#pieces.push(this.#block.subarray(0, this.#filled));
    const pieces = this.#pieces;
    this.#forget();
    return pieces;
  }

  /** Lets go of all of them. */
  clear(): void {
    this.#forget();
    for (const buffer of this.takeLent()) this.#arena?.giveBack(buffer);
  }

  #forget(): void {
    this.#pieces = [];
    this.#block = noBytes;
    this.#filled = 0;
  }

  #nextBlock(comingBytes: number): void {
    if (this.#filled > 0) this.#pieces.push(this.#block);
    const wanted = Math.min(Math.max(this.#have, comingBytes, blockBytes.least), blockBytes.most);
    const size = Math.min(this.#leftBytes, wanted);
    this.#block = this.#newBlock(size);
    this.#filled = 0;
  }

  #newBlock(bytes: number): Buffer {
    if (bytes <= pooledBytesMax) return Buffer.allocUnsafe(bytes);
    if (this.#arena === undefined) return Buffer.allocUnsafeSlow(bytes);
    const buffer = this.#arena.take(bytes);
    this.#lent.push(buffer);
    return Buffer.from(buffer, 0, bytes);
  }
}

const noBytes = Buffer.alloc(0);
