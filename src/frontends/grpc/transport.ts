import { defaultLimits, type LimitCounts, type LimitName, type Limits } from '../../http2/limits.js';
import type { TrafficCounts } from '../../sockets/traffic.js';
import type { InferenceError } from '../../inference/error.js';
import type { OnFailure } from '../../server/failure-log.js';
import type { ChunkedBytes } from '../../tensors/chunked-bytes.js';

/**
 * What a gRPC transport offers and takes. The services are written against this and know no gRPC
 * library; a transport is one implementation of it. Every transport passes the same suite of tests.
 */

/**
 * A message on its way out. `copy` writes its bytes from `from` to `to`, or all of them, to `target` at
 * `offset`; it is asked for ranges that follow each other, and for each byte at most once. `drop` says that no more
 * will be asked for.
 */
export interface WireMessage {
  readonly byteLength: number;
  copy(target: Uint8Array, offset: number, from?: number, to?: number): number;
  drop?(): void;
}

/**
 * How a method's messages are read and written. What is decoded may be views of the received bytes, which are
 * valid until the call's answer was sent, or with `answersApart` made: a transport may use the memory for another
 * message then.
 */
export interface Codec<Request, Response> {
  /** Throws when the bytes are no message of the type. */
  decode(bytes: Uint8Array): Request;
  /** Decodes a large message in the pieces in which it came; without it they are joined. */
  decodeChunks?(message: ChunkedBytes): Request;
  encode(response: Response): WireMessage;
}

/** One call, from the server's side. */
export interface Call {
  /** Address and port of the client. */
  readonly peer: string;
  /** When the client will give up, in milliseconds since 1970; Infinity when it named no time. */
  readonly deadlineMs: number;
  /** When it came, on the process's clock, where its method is unary and timed; else 0 or absent. */
  readonly startUs?: number;
  readonly cancelled: boolean;
  /** Called once when the client gives up, the deadline passes or the connection ends. */
  onCancel: (() => void) | undefined;
  /** What its handler has found in it, for the log of failures: the model that it names, */
  modelName?: string;
  /** and the request, which knows when a model took it: 0 before. */
  request?: { readonly startUs: number } | undefined;
  /** The first value of a metadata key, which is lower case; binary values as latin1 text. */
  metadata(key: string): string | undefined;
  /** All that the client has sent beside what gRPC itself reads, in the order of keys or of sending. */
  allMetadata(): Iterable<readonly [key: string, value: string]>;
  /** Metadata that goes out before the first message, if none has gone out; binary values as latin1 text. */
  addInitialMetadata(key: string, value: string): void;
  /** Metadata that goes out with the status, if the call has none yet. */
  addTrailingMetadata(key: string, value: string): void;
}

/** A call whose answers are sent one by one. */
export interface StreamCall<Response> extends Call {
  /** Sends a message; false when the client reads too slowly: `onDrain` says when to go on. */
  write(response: Response): boolean;
  /** Ends the call with OK after what was written. */
  end(): void;
  /** Ends the call with a status; what was written and not yet sent may be lost. */
  fail(error: InferenceError): void;
  /** Stops and resumes the delivery of messages to the handler. */
  pause(): void;
  resume(): void;
}

/** What a service does with the messages of a stream. */
export interface StreamHandler<Request> {
  onMessage(request: Request): void;
  /** The client will send no more. */
  onEnd(): void;
  /** The client reads again after `write` said false. */
  onDrain?(): void;
}

export interface UnaryMethod<Request, Response> {
  readonly kind: 'unary';
  /** `/package.Service/Method` */
  readonly path: string;
  readonly codec: Codec<Request, Response>;
  /** Whether the server's response compression applies. */
  readonly compress?: boolean;
  /** No answer lies in the bytes of its request: their memory is free when `handle` has answered, not when it was sent. */
  readonly answersApart?: boolean;
  /** Whether calls shall note now when they come; without it they do not. */
  readonly timed?: () => boolean;
  handle(request: Request, call: Call): Promise<Response>;
}

export interface StreamMethod<Request, Response> {
  readonly kind: 'stream';
  readonly path: string;
  readonly codec: Codec<Request, Response>;
  readonly compress?: boolean;
  /** False when the client sends exactly one message. */
  readonly clientStreams: boolean;
  open(call: StreamCall<Response>): StreamHandler<Request>;
}

// A table of methods holds many message types at once; each method's codec and handler agree.
// oxlint-disable-next-line typescript/no-explicit-any
export type Method = UnaryMethod<any, any> | StreamMethod<any, any>;

export type CompressionLevel = 'none' | 'low' | 'medium' | 'high';

/** Certificates in PEM; with `clientCa` clients must show one that it has signed. */
export interface TlsOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCa: Buffer | undefined;
}

export interface TransportOptions {
  readonly host: string;
  readonly port: number;
  readonly reusePort: boolean;
  readonly tls: TlsOptions | undefined;
  readonly responseCompression: CompressionLevel;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  /** Whether connections without calls are pinged, and may ping as often as others. */
  readonly keepaliveWithoutCalls: boolean;
  /** Pings that are sent while no data is; 0: any number. */
  readonly pingsWithoutDataMax: number;
  /** The least time between two pings of a client to which no data is sent. */
  readonly pingIntervalWithoutDataMs: number;
  /** How many pings too early are forgiven; 0: all. */
  readonly pingStrikesMax: number;
  readonly connectionAgeMs: number | undefined;
  readonly connectionAgeGraceMs: number | undefined;
  readonly limits: TransportLimits;
  /** Hears of each call that ended with a status other than OK, but of those whose client has given up. */
  readonly onFailure?: OnFailure | undefined;
  /** Hears of a client that met a limit, by its address. */
  readonly onLimit?: (name: LimitName, peer: string) => void;
}

/** What clients may ask of the transport http2; grpc-js knows none of these bounds. */
export interface TransportLimits extends Limits {
  /** What a compressed message may become. */
  readonly decompressedBytesMax: number;
  /** Messages up to this get all their memory when they are announced. */
  readonly exactReceiveBytesMax: number;
  /** What all messages that have not come wholly may hold together. */
  readonly receivingBytesMax: number;
  /** Memory of answered requests that is kept for the next ones. */
  readonly keptRequestBytesMax: number;
}

export const defaultTransportLimits: TransportLimits = {
  ...defaultLimits,
  decompressedBytesMax: 256 * 1024 * 1024,
  exactReceiveBytesMax: 1024 * 1024,
  receivingBytesMax: 1024 * 1024 * 1024,
  keptRequestBytesMax: 128 * 1024 * 1024,
};

export interface Transport {
  /** Starts to listen; the result is the port, which the system chooses when 0 was asked for. */
  listen(): Promise<number>;
  /** Calls that have not ended. */
  readonly callCount: number;
  readonly traffic: TrafficCounts;
  /** How often each limit was met; absent where there are none. */
  readonly limitCounts?: Readonly<LimitCounts>;
  /** Response bytes that wait for slow readers; absent where that is not known. */
  readonly pendingBytes?: number;
  /** New connections get these certificates, those that are open stay; absent where that cannot be done. */
  setTls?(tls: TlsOptions): void;
  /** Takes no new connections and calls; resolves when those that run have ended. */
  drain(): Promise<void>;
  /** Ends everything at once. */
  close(): void;
}
