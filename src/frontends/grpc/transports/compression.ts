import { promisify } from 'node:util';
import { deflate, gzip } from 'node:zlib';
import type { CompressionLevel, WireMessage } from '../transport.js';

/** The two algorithms of gRPC, by their names on the wire. */
export type Compression = 'gzip' | 'deflate';

/** Messages of one stream that may be with the compressor before its writer is told to wait. */
export const compressingMax = 16;

/** The metadata key under which a call keeps `grpc-accept-encoding`, which the library removes. */
export const acceptEncodingKey = 'nereid-accept-encoding';

const gzipAsync = promisify(gzip);
const deflateAsync = promisify(deflate);

/** The algorithm for a level among those that the client accepts: gzip first for low, deflate for more. */
export function chooseCompression(
  level: CompressionLevel,
  accepted: string | undefined,
): Compression | undefined {
  const names = (accepted ?? '').split(',').map((name) => name.trim());
  const preferred: readonly Compression[] = level === 'low' ? ['gzip', 'deflate'] : ['deflate', 'gzip'];
  return preferred.find((name) => names.includes(name));
}

/** Compresses a message off the event loop. */
export function compressBytes(message: WireMessage, compression: Compression): Promise<Buffer> {
  const plain = Buffer.allocUnsafe(message.byteLength);
  message.copy(plain, 0);
  return compression === 'gzip' ? gzipAsync(plain) : deflateAsync(plain);
}

/** The same, in the form that makes grpc-js say so in the message's frame. */
export async function compress(message: WireMessage, compression: Compression): Promise<WireMessage> {
  return new CompressedMessage(await compressBytes(message, compression));
}

/** Steps that follow work which may take different times, in the order in which they were given. */
export class InOrder {
  /** Steps that have not been done. */
  count = 0;
  #last: Promise<unknown> = Promise.resolve();

  after<T>(
    work: Promise<T>,
    { done, failed }: { done: (result: T) => void; failed: (error: unknown) => void },
  ): void {
    this.count++;
    const turn = async (): Promise<void> => {
      const [result] = await Promise.all([work, this.#last]);
      this.count--;
      done(result);
    };
    this.#last = turn().catch(failed);
  }

  /** Does a step behind all that were given; at once when there are none. */
  finally(step: () => void): void {
    if (this.count === 0) step();
    else this.#last = this.#last.then(step);
  }
}

/** Where the flag byte of gRPC's message frame stands: before the four bytes of the length. */
const flagBefore = 5;

/** A message whose frame must say that it is compressed; the library itself always writes that it is not. */
class CompressedMessage implements WireMessage {
  readonly byteLength: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.byteLength = bytes.byteLength;
  }

  copy(target: Uint8Array, offset: number): number {
    target[offset - flagBefore] = 1;
    return this.#bytes.copy(target, offset);
  }
}
