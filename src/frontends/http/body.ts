import type { IncomingMessage } from 'node:http';
import { invalidArgument } from '../../inference/error.js';
import { ChunkedBytes, turnBytesMax, wholeBytesInTurns } from '../../tensors/chunked-bytes.js';

/** Reads the body of a request; one of more than `bytesMax` is refused and its rest thrown away. */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size <= bytesMax) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      reject(
        invalidArgument(
          `request body exceeds the maximum allowed input size of ${bytesMax} bytes. Use --http-max-input-size to increase the limit.`,
        ),
      );
    });
    request.once('end', () => resolve(join(chunks, size)));
    request.once('error', reject);
  });
}

/** A large body is put together over several turns of the event loop. */
async function join(chunks: readonly Buffer[], size: number): Promise<Buffer> {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined) return first;
  if (size <= turnBytesMax) return Buffer.concat(chunks);
  const { buffer, byteOffset, byteLength } = await wholeBytesInTurns(new ChunkedBytes(chunks));
  return Buffer.from(buffer, byteOffset, byteLength);
}
