import {
  Metadata,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import type { EventEmitter } from 'node:events';
import { nowUs } from '../../../inference/now.js';
import type { InferenceError } from '../../../inference/error.js';
import type { OnFailure } from '../../../server/failure-log.js';
import { toFailure } from '../call-failure.js';
import { toStatus, type GrpcStatus } from '../status.js';
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
import {
  acceptEncodingKey,
  chooseCompression,
  compress,
  compressingMax,
  InOrder,
  type Compression,
} from './compression.js';
import { decodeRequest } from './decode-request.js';

type UnaryCall = ServerUnaryCall<Buffer, WireMessage>;
type DuplexCall = ServerDuplexStream<Buffer, WireMessage>;
type WritableCall = ServerWritableStream<Buffer, WireMessage>;

/** Metadata of the library's own, beside what begins with gRPC's prefix. */
const ownFields: ReadonlySet<string> = new Set([acceptEncodingKey, 'content-length']);

/** Calls that have not ended, counted for the drain. */
export interface CallCount {
  open: number;
  readonly onFailure: OnFailure | undefined;
}

/** A call of the library in our terms. */
class LibraryCall implements Call {
  readonly startUs: number;
  onCancel: (() => void) | undefined = undefined;
  modelName = '';
  request: Call['request'] = undefined;
  readonly #count: CallCount;
  readonly #call: UnaryCall | DuplexCall | WritableCall;
  #initial: Metadata | undefined = undefined;
  #trailing: Metadata | undefined = undefined;
  #initialSent = false;
  #answered = false;

  constructor(call: UnaryCall | DuplexCall | WritableCall, count: CallCount, timed = false) {
    this.#call = call;
    this.#count = count;
    // The library calls when the message has come.
    this.startUs = timed ? nowUs() : 0;
    count.open++;
    // The library says 'cancelled' once for every call, also for one that ended well.
    (call as EventEmitter).once('cancelled', () => {
      count.open--;
      if (!this.#answered) this.onCancel?.();
    });
  }

  /** The service has said how the call ends: what comes now is no cancellation. */
  markAnswered(): void {
    this.#answered = true;
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

  addInitialMetadata(key: string, value: string): void {
    add((this.#initial ??= new Metadata()), key, value);
  }

  addTrailingMetadata(key: string, value: string): void {
    add((this.#trailing ??= new Metadata()), key, value);
  }

  /** What goes out with the status beside it. */
  get trailing(): Metadata | undefined {
    return this.#trailing;
  }

  /** Sends the headers, once, where they are not what the library sends by itself. */
  sendInitial(compression: Compression | undefined): void {
    if (this.#initialSent) return;
    this.#initialSent = true;
    if (this.#initial === undefined && compression === undefined) return;
    const headers = this.#initial ?? new Metadata();
    if (compression !== undefined) headers.set('grpc-encoding', compression);
    this.#call.sendMetadata(headers);
  }

  *allMetadata(): Generator<readonly [string, string]> {
    const { metadata } = this.#call;
    for (const key of Object.keys(metadata.getMap())) {
      if (key.startsWith('grpc-') || ownFields.has(key)) continue;
      for (const value of metadata.get(key)) {
        yield [key, typeof value === 'string' ? value : value.toString('latin1')];
      }
    }
  }

  /** A status as the library takes it, which is told of as a failure. */
  statusOf(error: unknown): GrpcStatus & { readonly metadata?: Metadata } {
    const status = toStatus(error);
    const failure = toFailure(this, this.#call.getPath(), status);
    if (failure !== undefined && !this.cancelled) this.#count.onFailure?.(failure);
    return this.#trailing === undefined ? status : { ...status, metadata: this.#trailing };
  }

  metadata(key: string): string | undefined {
    const [value] = this.#call.metadata.get(key);
    return typeof value === 'string' ? value : value?.toString('latin1');
  }
}

function add(metadata: Metadata, key: string, value: string): void {
  metadata.add(key, key.endsWith('-bin') ? Buffer.from(value, 'latin1') : value);
}

export function unaryHandler<Request, Response>(
  method: UnaryMethod<Request, Response>,
  level: CompressionLevel,
  count: CallCount,
): (call: UnaryCall, respond: sendUnaryData<WireMessage>) => void {
  const handle = async (ours: LibraryCall, call: UnaryCall): Promise<WireMessage> => {
    try {
      const response = await method.handle(decodeRequest(method.codec, call.request), ours);
      const message = method.codec.encode(response);
      const compression =
        level === 'none' ? undefined : chooseCompression(level, ours.metadata(acceptEncodingKey));
      ours.sendInitial(compression);
      return compression === undefined ? message : await compress(message, compression);
    } finally {
      ours.markAnswered();
    }
  };
  return (call, respond) => {
    const ours = new LibraryCall(call, count, method.timed?.());
    handle(ours, call).then(
      (message) => respond(null, message, ours.trailing),
      (error: unknown) => {
        ours.sendInitial(undefined);
        respond(ours.statusOf(error));
      },
    );
  };
}

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
