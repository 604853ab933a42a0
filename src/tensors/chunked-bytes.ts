import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Bytes that lie in several pieces, as they were received: a large tensor is copied once, from there to where
 * it is used. Nobody changes a piece.
 */
export class ChunkedBytes {
  readonly byteLength: number;
  readonly chunks: readonly Uint8Array[];

  constructor(chunks: readonly Uint8Array[]) {
    this.chunks = chunks;
    let bytes = 0;
    for (const chunk of chunks) bytes += chunk.byteLength;
    this.byteLength = bytes;
  }

  /** The bytes [from, to): a view when they lie in one piece. */
  slice(from: number, to: number): TensorBytes {
    const parts: Uint8Array[] = [];
    let start = 0;
    for (const chunk of this.chunks) {
      const [first, last] = [Math.max(from - start, 0), Math.min(to - start, chunk.byteLength)];
      if (first < last) parts.push(chunk.subarray(first, last));
      start += chunk.byteLength;
      if (start >= to) break;
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : new ChunkedBytes(parts);
  }
}

/** The bytes of a tensor: in one piece, or in several when it was large on the wire. */
export type TensorBytes = Uint8Array | ChunkedBytes;

export function copyBytes(data: TensorBytes, target: Uint8Array, offset: number): void {
  if (!(data instanceof ChunkedBytes)) return target.set(data, offset);
  let at = offset;
  for (const chunk of data.chunks) {
    target.set(chunk, at);
    at += chunk.byteLength;
  }
}

/** The bytes in one piece: as they are, or a copy. */
export function wholeBytes(data: TensorBytes): Uint8Array {
  if (!(data instanceof ChunkedBytes)) return data;
  const bytes = Buffer.allocUnsafeSlow(data.byteLength);
  copyBytes(data, bytes, 0);
  return bytes;
}

/** What may be copied in one turn of the event loop: it takes a millisecond, most of it for pages that are new. */
export const turnBytesMax = 2 * 1024 * 1024;

/** The bytes in one piece, copied over as many turns of the event loop as it takes. A piece is copied in one turn. */
export async function wholeBytesInTurns({ chunks, byteLength }: ChunkedBytes): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(byteLength);
  let at = 0;
  let turnBytes = 0;
  for (const chunk of chunks) {
    turnBytes += chunk.byteLength;
    if (turnBytes > turnBytesMax) {
      await nextTurn();
      turnBytes = chunk.byteLength;
    }
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
