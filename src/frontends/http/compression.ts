import { createDeflate, createGunzip, createGzip, createInflate } from 'node:zlib';
import type { Transform } from 'node:stream';
import { invalidArgument } from '../../inference/error.js';
import { HttpFailure } from './status.js';

export type Coding = 'identity' | 'gzip' | 'deflate';

/** How a body is coded; `deflate` is the container of RFC 1950. */
export function requestCoding(contentEncoding: string | undefined): Coding {
  const coding = contentEncoding ?? '';
  if (coding === '' || coding === 'identity') return 'identity';
  if (coding === 'gzip' || coding === 'deflate') return coding;
  throw new HttpFailure(501, 'Unsupported compression type', { 'accept-encoding': 'gzip, deflate' });
}

/** The coding of an answer: of those that the client weighs highest the first that there is. */
export function responseCoding(acceptEncoding: string | undefined): Coding {
  let best: Coding = 'identity';
  let bestWeight = 0;
  for (const part of (acceptEncoding ?? '').split(',', codingsMax)) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const weight = parameters.find((text) => text.startsWith('q='))?.slice(2);
    const value = weight === undefined ? 1 : Number.parseFloat(weight);
    if ((name === 'identity' || name === 'gzip' || name === 'deflate') && value > bestWeight) {
      best = name;
      bestWeight = value;
    }
  }
  return best;
}

/** So many codings of a header are looked at. */
const codingsMax = 64;

/** The decoded bytes, made away from the event loop; `onBytes` hears of each piece and may throw. */
export function decompress(
  pieces: readonly Uint8Array[],
  coding: 'gzip' | 'deflate',
  onBytes: (bytes: number) => void,
): Promise<Uint8Array[]> {
  const options = { chunkSize: chunkBytes };
  const stream = coding === 'gzip' ? createGunzip(options) : createInflate(options);
  return through(stream, pieces, onBytes).catch((error: unknown) => {
    if (error instanceof Error && 'errno' in error)
      throw invalidArgument(`unable to decompress the request body as ${coding}: ${error.message}`);
    throw error;
  });
}

/** The coded bytes, made away from the event loop. */
export function compress(pieces: readonly Uint8Array[], coding: 'gzip' | 'deflate'): Promise<Uint8Array[]> {
  const options = { chunkSize: chunkBytes };
  return through(coding === 'gzip' ? createGzip(options) : createDeflate(options), pieces, () => {});
}

/** What a step of the library makes in one go. */
const chunkBytes = 64 * 1024;

function through(
  stream: Transform,
  pieces: readonly Uint8Array[],
  onBytes: (bytes: number) => void,
): Promise<Uint8Array[]> {
  return new Promise((resolve, reject) => {
    const made: Uint8Array[] = [];
    stream.on('data', (piece: Buffer) => {
      if (stream.destroyed) return;
      try {
        onBytes(piece.byteLength);
        made.push(piece);
      } catch (error) {
        stream.destroy(error as Error);
      }
    });
    stream.once('end', () => resolve(made));
    stream.once('error', reject);
    for (const piece of pieces) stream.write(piece);
    stream.end();
  });
}
