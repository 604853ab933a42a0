import {
  Metadata,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import type { EventEmitter } from 'node:events';
import { nowUs } from '../../../inference/now.js';
import type { OnFailure } from '../../../server/failure-log.js';
import { toFailure } from '../call-failure.js';
import { toStatus, type GrpcStatus } from '../status.js';
import type { Call, CompressionLevel, UnaryMethod, WireMessage } from '../transport.js';
import { acceptEncodingKey, chooseCompression, compress, type Compression } from './compression.js';
import { decodeRequest } from './decode-request.js';

export type UnaryCall = ServerUnaryCall<Buffer, WireMessage>;
export type DuplexCall = ServerDuplexStream<Buffer, WireMessage>;
export type WritableCall = ServerWritableStream<Buffer, WireMessage>;

/** Metadata of the library's own, beside what begins with gRPC's prefix. */
const ownFields: ReadonlySet<string> = new Set([acceptEncodingKey, 'content-length']);

/** Calls that have not ended, counted for the drain. */
export interface CallCount {
  open: number;
  readonly onFailure: OnFailure | undefined;
}

/** A call of the library in our terms. */
export class LibraryCall implements Call {
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
