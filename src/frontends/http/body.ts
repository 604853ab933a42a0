import type { IncomingMessage } from 'node:http';
import { invalidArgument } from '../../inference/error.js';

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
    request.once('end', () =>
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
    );
    request.once('error', reject);
  });
}
