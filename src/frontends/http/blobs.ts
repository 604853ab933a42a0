import { ChunkedBytes, type TensorBytes } from '../../tensors/chunked-bytes.js';

/** Bytes in pieces, of which one part after the other is taken. */
export class Blobs {
  readonly #pieces: readonly Uint8Array[];
  #index = 0;
  /** Where in the present piece the next part begins. */
  #at = 0;
  leftBytes: number;

  constructor(pieces: readonly Uint8Array[], byteLength: number) {
    this.#pieces = pieces;
    this.leftBytes = byteLength;
  }

  /** The next bytes, of which there must be as many: a view where they lie in one piece. */
  take(bytes: number): TensorBytes {
    const parts = this.takeParts(bytes);
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : new ChunkedBytes(parts);
  }

  /** The same, as the pieces in which they came. */
  takeParts(bytes: number): Uint8Array[] {
    const parts: Uint8Array[] = [];
    let wanted = bytes;
    this.leftBytes -= bytes;
    while (wanted > 0) {
      const piece = this.#pieces[this.#index];
      if (piece === undefined) throw new Error('There are not so many bytes. This is a bug.');
      const end = Math.min(this.#at + wanted, piece.byteLength);
      if (end > this.#at)
        parts.push(this.#at === 0 && end === piece.byteLength ? piece : piece.subarray(this.#at, end));
      wanted -= end - this.#at;
      this.#at = end;
      if (end === piece.byteLength) {
        this.#index++;
        this.#at = 0;
      }
    }
    return parts;
  }
}
