import type { InferenceError } from '../../../inference/error.js';
import type {
  Codec,
  CompressionLevel,
  StreamCall,
  StreamHandler,
  StreamMethod,
  WireMessage,
} from '../transport.js';
import {
  acceptEncodingKey,
  chooseCompression,
  compress,
  compressingMax,
  InOrder,
  type Compression,
} from './compression.js';
import { decodeRequest } from './decode-request.js';
import { LibraryCall, type CallCount, type DuplexCall, type WritableCall } from './grpc-js-calls.js';

/** A stream of the library in our terms. Compressed messages leave in the order in which they were written. */
class LibraryStream<Response> extends LibraryCall implements StreamCall<Response> {
  /** Called when messages may be written again after `write` said false. */
  onDrain: (() => void) | undefined = undefined;
  readonly #stream: DuplexCall | WritableCall;
  readonly #codec: Codec<unknown, Response>;
  readonly #compression: Compression | undefined;
  readonly #compressing = new InOrder();
  #drainOwed = false;
  #state: 'open' | 'ended' | 'failed' = 'open';

  constructor(
    stream: DuplexCall | WritableCall,
    { codec, level, count }: { codec: Codec<unknown, Response>; level: CompressionLevel; count: CallCount },
  ) {
    super(stream, count);
    this.#stream = stream;
    this.#codec = codec;
    this.#compression =
      level === 'none' ? undefined : chooseCompression(level, this.metadata(acceptEncodingKey));
    stream.on('drain', () => this.#drained());
  }

  /** Whether the service still has a part in the call. */
  get open(): boolean {
    return this.#state === 'open' && !this.#stream.destroyed;
  }

  /** Whether what was written may still be sent. */
  get #alive(): boolean {
    return this.#state !== 'failed' && !this.#stream.destroyed;
  }

  write(response: Response): boolean {
    if (!this.open) return false;
    const message = this.#codec.encode(response);
    this.sendInitial(this.#compression);
    const room =
      this.#compression === undefined
        ? this.#stream.write(message)
        : this.#compressAndWrite(message, this.#compression);
    if (!room) this.#drainOwed = true;
    return room;
  }

  end(): void {
    if (!this.open) return;
    this.#state = 'ended';
    this.markAnswered();
    this.sendInitial(this.#compression);
    this.#compressing.finally(() => {
      if (this.#alive) this.#stream.end(this.trailing);
    });
  }

  fail(error: InferenceError): void {
    if (!this.open) return;
    this.markAnswered();
    this.breakOff(error);
  }

  /** Ends the call with a status that the service did not ask for, which it hears of as a cancellation. */
  breakOff(error: unknown): void {
    if (this.#state === 'failed') return;
    this.#state = 'failed';
    if (!this.#stream.destroyed) this.sendInitial(undefined);
    this.#stream.emit('error', this.statusOf(error));
  }

  pause(): void {
    if ('pause' in this.#stream) this.#stream.pause();
  }

  resume(): void {
    if ('resume' in this.#stream) this.#stream.resume();
  }

  #compressAndWrite(message: WireMessage, compression: Compression): boolean {
    this.#compressing.after(compress(message, compression), {
      done: (compressed) => {
        if (!this.#alive) return;
        this.#stream.write(compressed);
        this.#drained();
      },
      failed: (error) => this.breakOff(error),
    });
    return this.#compressing.count < compressingMax && !this.#stream.writableNeedDrain;
  }

  #drained(): void {
    if (!this.#drainOwed || this.#compressing.count > 0 || this.#stream.writableNeedDrain) return;
    this.#drainOwed = false;
    if (this.open) this.onDrain?.();
  }
}

/** Hands what arrives to the service; one that throws fails this call and no other. */
export function streamHandler<Request, Response>(
  method: StreamMethod<Request, Response>,
  level: CompressionLevel,
  count: CallCount,
): (stream: DuplexCall | WritableCall) => void {
  return (stream) => {
    const call = new LibraryStream<Response>(stream, { codec: method.codec, level, count });
    const guarded = <T extends readonly unknown[]>(act: (...given: T) => void): ((...given: T) => void) => {
      return (...given) => {
        if (!call.open) return;
        try {
          act(...given);
        } catch (error) {
          call.breakOff(error);
        }
      };
    };
    let handler: StreamHandler<Request>;
    try {
      handler = method.open(call);
    } catch (error) {
      call.breakOff(error);
      return;
    }
    call.onDrain = guarded(() => handler.onDrain?.());
    const deliver = guarded((bytes: Buffer) => handler.onMessage(decodeRequest(method.codec, bytes)));
    const end = guarded(() => handler.onEnd());
    if ('request' in stream) {
      deliver(stream.request);
      end();
      return;
    }
    stream.on('data', deliver);
    stream.on('end', end);
  };
}
