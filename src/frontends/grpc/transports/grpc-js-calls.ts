import {
  Metadata,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import type { EventEmitter } from 'node:events';
import type { InferenceError } from '../../../inference/error.js';
import { toStatus, unreadableRequest } from '../status.js';
import type {
  Call,
  Codec,
  CompressionLevel,
  StreamCall,
  StreamHandler,
  StreamMethod,
  UnaryMethod,
  WireMessage,
} from '../transport.js';
import { acceptEncodingKey, chooseCompression, compress, type Compression } from './compression.js';

type UnaryCall = ServerUnaryCall<Buffer, WireMessage>;
type DuplexCall = ServerDuplexStream<Buffer, WireMessage>;
type WritableCall = ServerWritableStream<Buffer, WireMessage>;

/** Calls that have not ended, counted for the drain. */
export interface CallCount {
  open: number;
  /** Called whenever the last open call has ended. */
  onNone: (() => void) | undefined;
}

/** A call of the library in our terms. */
class LibraryCall implements Call {
  onCancel: (() => void) | undefined = undefined;
  readonly #call: UnaryCall | DuplexCall | WritableCall;

  constructor(call: UnaryCall | DuplexCall | WritableCall, count: CallCount) {
    this.#call = call;
    count.open++;
    // The library says 'cancelled' once for every call, also for one that ended well.
    (call as EventEmitter).once('cancelled', () => {
      count.open--;
      this.onCancel?.();
      if (count.open === 0) count.onNone?.();
    });
  }

  get peer(): string {
    return this.#call.getPeer();
  }

  get deadlineMs(): number {
    const deadline = this.#call.getDeadline();
    return deadline instanceof Date ? deadline.getTime() : deadline;
  }

  get cancelled(): boolean {
    return this.#call.cancelled;
  }

  metadata(key: string): string | undefined {
    const [value] = this.#call.metadata.get(key);
    return typeof value === 'string' ? value : value?.toString('latin1');
  }
}

function decode<T>(codec: Codec<T, unknown>, bytes: Buffer): T {
  try {
    return codec.decode(bytes);
  } catch (error) {
    throw unreadableRequest(error);
  }
}

export function unaryHandler<Request, Response>(
  method: UnaryMethod<Request, Response>,
  level: CompressionLevel,
  count: CallCount,
): (call: UnaryCall, respond: sendUnaryData<WireMessage>) => void {
  const handle = async (call: UnaryCall): Promise<WireMessage> => {
    const ours = new LibraryCall(call, count);
    const response = await method.handle(decode(method.codec, call.request), ours);
    const message = method.codec.encode(response);
    const compression =
      level === 'none' ? undefined : chooseCompression(level, ours.metadata(acceptEncodingKey));
    if (compression === undefined) return message;
    announce(call, compression);
    return compress(message, compression);
  };
  return (call, respond) => {
    handle(call).then(
      (message) => respond(null, message),
      (error: unknown) => respond(toStatus(error)),
    );
  };
}

function announce(call: UnaryCall | DuplexCall | WritableCall, compression: Compression): void {
  const headers = new Metadata();
  headers.set('grpc-encoding', compression);
  call.sendMetadata(headers);
}

/** A stream of the library in our terms. Compressed messages leave in the order in which they were written. */
class LibraryStream<Response> extends LibraryCall implements StreamCall<Response> {
  readonly #stream: DuplexCall | WritableCall;
  readonly #codec: Codec<unknown, Response>;
  readonly #compression: Compression | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(
    stream: DuplexCall | WritableCall,
    { codec, level, count }: { codec: Codec<unknown, Response>; level: CompressionLevel; count: CallCount },
  ) {
    super(stream, count);
    this.#stream = stream;
    this.#codec = codec;
    this.#compression =
      level === 'none' ? undefined : chooseCompression(level, this.metadata(acceptEncodingKey));
    if (this.#compression !== undefined) announce(stream, this.#compression);
  }

  write(response: Response): boolean {
    if (this.#stream.destroyed) return false;
    const message = this.#codec.encode(response);
    const compression = this.#compression;
    if (compression === undefined) return this.#stream.write(message);
    const compressed = compress(message, compression);
    this.#afterwards(async () => void this.#stream.write(await compressed));
    return !this.#stream.writableNeedDrain;
  }

  end(): void {
    if (this.#compression === undefined) this.#stream.end();
    else this.#afterwards(async () => void this.#stream.end());
  }

  fail(error: InferenceError): void {
    this.#stream.emit('error', toStatus(error));
  }

  pause(): void {
    if ('pause' in this.#stream) this.#stream.pause();
  }

  resume(): void {
    if ('resume' in this.#stream) this.#stream.resume();
  }

  #afterwards(next: () => Promise<void>): void {
    this.#last = this.#last.then(next).catch((error: unknown) => {
      this.#stream.emit('error', toStatus(error));
    });
  }
}

export function streamHandler<Request, Response>(
  method: StreamMethod<Request, Response>,
  level: CompressionLevel,
  count: CallCount,
): (stream: DuplexCall | WritableCall) => void {
  return (stream) => {
    const call = new LibraryStream<Response>(stream, { codec: method.codec, level, count });
    const handler = method.open(call);
    stream.on('drain', () => handler.onDrain?.());
    const deliver = (bytes: Buffer): void => receive(handler, call, () => decode(method.codec, bytes));
    if ('request' in stream) {
      deliver(stream.request);
      handler.onEnd();
      return;
    }
    stream.on('data', deliver);
    stream.on('end', () => handler.onEnd());
  };
}

function receive<Request>(
  handler: StreamHandler<Request>,
  call: StreamCall<unknown>,
  decodeMessage: () => Request,
): void {
  let request: Request;
  try {
    request = decodeMessage();
  } catch (error) {
    call.fail(error as InferenceError);
    return;
  }
  handler.onMessage(request);
}
