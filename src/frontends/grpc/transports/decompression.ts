import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { wholeBytes, type TensorBytes } from '../../../tensors/chunked-bytes.js';
import { statusCode, type GrpcStatus } from '../status.js';

const gunzipAsync = promisify(gunzip);
const inflateAsync = promisify(inflate);

/** Bytes that those who need some share; who finds too few waits, in the order of asking. */
export class Room {
  #free: number;
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = [];

  constructor(bytes: number) {
    this.#free = bytes;
  }

  /** Does some work while bytes are held for it: no more than the room has in all. */
  async hold<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length === 0 && bytes <= this.#free) this.#free -= bytes;
    else await new Promise<void>((enter) => this.#waiting.push({ bytes, enter }));
    try {
      return await work();
    } finally {
      this.#leave(bytes);
    }
  }

  #leave(bytes: number): void {
    this.#free += bytes;
    let first = this.#waiting[0];
    while (first !== undefined && first.bytes <= this.#free) {
      this.#waiting.shift();
      this.#free -= first.bytes;
      first.enter();
      first = this.#waiting[0];
    }
  }
}

/** A message that waits to be decompressed; without bytes once nobody wants it any more. */
export interface Compressed {
  compressed: TensorBytes | undefined;
}

/** How many times its own size DEFLATE's output can be, and what zlib takes for the shortest. */
const growthMost = 1032;
const leastBytes = 64 * 1024;

/** What one server decompresses at a time, in messages of the largest size. */
const largestAtATime = 2;

export function decompressionRoom(bytesMax: number): Room {
  return new Room(largestAtATime * bytesMax);
}

/**
 * Decompresses the messages of a connection off the event loop. Bound: whatever comes of those that are
 * decompressed at a time fits into the room of the server; one connection takes half of it at most, so that
 * the messages of others do not wait behind all of its own.
 */
export class Decompressor {
  readonly #ofServer: Room;
  readonly #bytesMax: number;
  readonly #own: Room;

  constructor(ofServer: Room, bytesMax: number) {
    this.#ofServer = ofServer;
    this.#bytesMax = bytesMax;
    this.#own = new Room(bytesMax);
  }

  /** The message, or the status that says why there is none. */
  decompress(message: Compressed, compression: string): Promise<Buffer | GrpcStatus> {
    const size = message.compressed?.byteLength ?? 0;
    const bytes = Math.min(this.#bytesMax, size * growthMost + leastBytes);
    const work = (): Promise<Buffer | GrpcStatus> => decompressNow(message, compression, this.#bytesMax);
    return this.#own.hold(bytes, () => this.#ofServer.hold(bytes, work));
  }
}

/** Each chunk of output is a way to a thread and back: as large as the message lets expect. */
function chunkBytes(compressedBytes: number): number {
  return Math.min(Math.max(4 * compressedBytes, leastBytes / 4), leastBytes * 16);
}

async function decompressNow(
  { compressed }: Compressed,
  compression: string,
  bytesMax: number,
): Promise<Buffer | GrpcStatus> {
  if (compressed === undefined) return { code: statusCode.cancelled, details: 'the call has ended' };
  if (compression === 'identity') {
    return { code: statusCode.internal, details: 'a compressed message without grpc-encoding' };
  }
  if (compression !== 'gzip' && compression !== 'deflate') {
    const details = `grpc-encoding is '${compression}', expected identity, deflate or gzip`;
    return { code: statusCode.unimplemented, details };
  }
  const bytes = wholeBytes(compressed);
  try {
    const options = { maxOutputLength: bytesMax, chunkSize: chunkBytes(bytes.byteLength) };
    return compression === 'gzip' ? await gunzipAsync(bytes, options) : await inflateAsync(bytes, options);
  } catch (error) {
    if (error instanceof RangeError) {
      const details = `message decompresses to more than ${bytesMax} bytes`;
      return { code: statusCode.resourceExhausted, details };
    }
    return { code: statusCode.internal, details: `message is not ${compression}` };
  }
}
