import { errorCode } from '../../../http2/frames.js';
import type { LimitCounts } from '../../../http2/limits.js';
import type { TrafficCounts } from '../../../sockets/traffic.js';
import type { RequestListener } from '../../../http2/connection-share.js';
import type { RequestHead } from '../../../http2/request-head.js';
import { Http2Server, type Peer } from '../../../http2/server.js';
import type { Stream, StreamListener } from '../../../http2/stream.js';
import type { Method, TlsOptions, Transport, TransportOptions } from '../transport.js';
import { monotonicClock } from '../../../inference/clock.js';
import { Arena } from '../../../tensors/arena.js';
import { statusCode } from '../status.js';
import { Deadlines } from './deadlines.js';
import { Decompressor, decompressionRoom, type Room } from './decompression.js';
import { failedAnswer, httpAnswer } from './http2-answer.js';
import type { CallShare } from './http2-call.js';
import { readCallHead, type CallHead } from './http2-head.js';
import { StreamedCall } from './http2-stream.js';
import type { MessageStore } from './message-reader.js';
import { UnaryCall } from './http2-unary.js';

/** gRPC over HTTP/2 of our own: the fast transport. */
export class Http2Transport implements Transport {
  readonly #server: Http2Server;
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #options: TransportOptions;
  readonly #decompressionRoom: Room;
  readonly #deadlines = new Deadlines();
  readonly #count = { open: 0 };
  readonly #store: MessageStore;

  constructor(methods: readonly Method[], options: TransportOptions) {
    this.#methods = new Map(methods.map((method) => [method.path, method]));
    this.#options = options;
    this.#store = {
      arena: new Arena({
        keptBytesMax: options.limits.keptRequestBytesMax,
        shared: false,
        clock: monotonicClock,
      }),
      exactBytesMax: options.limits.exactReceiveBytesMax,
      receivingBytesMax: options.limits.receivingBytesMax,
      receivingBytes: 0,
      reservedBytes: 0,
    };
    this.#decompressionRoom = decompressionRoom(options.limits.decompressedBytesMax);
    this.#server = new Http2Server(
      {
        ...options,
        tls: tlsOptions(options.tls),
        keepalive: {
          timeMs: options.keepaliveTimeMs,
          timeoutMs: options.keepaliveTimeoutMs,
          withoutStreams: options.keepaliveWithoutCalls,
          pingsWithoutDataMax: options.pingsWithoutDataMax,
          peerIntervalMs: options.pingIntervalWithoutDataMs,
          strikesMax: options.pingStrikesMax,
        },
      },
      (peer) => this.#serve(peer),
    );
  }

  get callCount(): number {
    return this.#count.open;
  }

  get connectionCount(): number {
    return this.#server.connectionCount;
  }

  /** Response bytes that wait for slow readers. */
  get pendingBytes(): number {
    return this.#server.pendingBytes;
  }

  get traffic(): TrafficCounts {
    return this.#server.traffic;
  }

  /** How often each limit was met. */
  get limitCounts(): Readonly<LimitCounts> {
    return this.#server.counts;
  }

  listen(): Promise<number> {
    return this.#server.listen();
  }

  async drain(): Promise<void> {
    await this.#server.drain();
    this.#deadlines.close();
  }

  setTls(tls: TlsOptions): void {
    this.#server.setCertificates({ ...tlsOptions(tls) });
  }

  close(): void {
    this.#server.close();
    this.#deadlines.close();
  }

  #serve(peer: Peer): RequestListener {
    const share: CallShare = {
      onFailure: this.#options.onFailure,
      peer,
      deadlines: this.#deadlines,
      count: this.#count,
      store: this.#store,
      decompressor: new Decompressor(this.#decompressionRoom, this.#options.limits.decompressedBytesMax),
    };
    return new CallListener(share, (request) =>
      readCallHead(request, this.#methods, this.#options.responseCompression),
    );
  }
}

/** Makes calls of the requests of one connection. */
class CallListener implements RequestListener {
  readonly #share: CallShare;
  readonly #read: (request: RequestHead) => CallHead;
  /** Clients repeat themselves: the last head, and what it was read as. */
  #lastRequest: RequestHead | undefined = undefined;
  #lastHead: CallHead | undefined = undefined;

  constructor(share: CallShare, read: (request: RequestHead) => CallHead) {
    this.#share = share;
    this.#read = read;
  }

  onRequest(stream: Stream, request: RequestHead): void {
    const head = this.#lastRequest === request ? this.#lastHead : undefined;
    const known = head ?? this.#read(request);
    this.#lastRequest = request;
    this.#lastHead = known;
    switch (known.kind) {
      case 'call':
        if (known.method.kind === 'unary') void new UnaryCall(stream, known, this.#share);
        else new StreamedCall(stream, known, this.#share).open();
        return;
      case 'not-grpc':
        return stream.listen(new Misdirected(stream, known.httpStatus));
      case 'refused':
        stream.end(failedAnswer({ code: known.code, details: known.message }));
    }
  }

  onTooLarge(stream: Stream): void {
    const details = 'received metadata is larger than the limit';
    stream.end(failedAnswer({ code: statusCode.resourceExhausted, details }));
  }
}

/** A request that is no gRPC, answered by HTTP when it has ended. */
class Misdirected implements StreamListener {
  readonly #stream: Stream;
  readonly #httpStatus: number;

  constructor(stream: Stream, httpStatus: number) {
    this.#stream = stream;
    this.#httpStatus = httpStatus;
    stream.awaited = true;
  }

  onData(): void {}

  onEnd(): void {
    this.#stream.end(httpAnswer(this.#httpStatus));
  }

  onStandstill(): void {
    this.#stream.reset(errorCode.cancel);
  }

  onDrain(): void {}
  onClose(): void {}
}

function tlsOptions(tls: TlsOptions | undefined): object | undefined {
  if (tls === undefined) return undefined;
  const { cert, key, clientCa } = tls;
  return clientCa === undefined
    ? { cert, key }
    : { cert, key, ca: clientCa, requestCert: true, rejectUnauthorized: true };
}
