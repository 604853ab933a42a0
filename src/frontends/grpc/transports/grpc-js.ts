import {
  Server,
  ServerCredentials,
  type ConnectionInjector,
  type ServerOptions,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import { Traffic, type TrafficCounts } from '../../../sockets/traffic.js';
import { messageBytesMax } from '../codec/infer-response.js';
import type { Method, Transport, TransportOptions } from '../transport.js';
import { acceptEncodingKey } from './compression.js';
import { type CallCount, unaryHandler } from './grpc-js-calls.js';
import { streamHandler } from './grpc-js-stream.js';

/** Bytes that a client may send ahead, per stream and per connection; gRPC's own default is 64 KiB. */
const windowBytes = 8 * 1024 * 1024;

/**
 * gRPC by @grpc/grpc-js: the transport that everything works on, and the twin that others are tested
 * against. It listens itself and hands each connection to the library, so that address, port sharing and
 * what is open are its own.
 */
export class GrpcJsTransport implements Transport {
  readonly #options: TransportOptions;
  readonly #server: Server;
  readonly #listener: NetServer;
  readonly #injector: ConnectionInjector;
  readonly #sockets = new Set<Socket>();
  readonly #traffic = new Traffic();
  readonly #calls: CallCount;

  constructor(methods: readonly Method[], options: TransportOptions) {
    this.#options = options;
    this.#calls = { open: 0, onFailure: options.onFailure };
    this.#server = new Server(serverOptions(options));
    for (const method of methods) this.#register(method);
    this.#injector = createInjector(this.#server, credentials(options), options);
    this.#listener = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  get callCount(): number {
    return this.#calls.open;
  }

  get traffic(): TrafficCounts {
    return this.#traffic.counts;
  }

  listen(): Promise<number> {
    const { host, port, reusePort } = this.#options;
    return new Promise((resolve, reject) => {
      this.#listener.once('error', reject);
      // reusePort is known to Node from 22.12 on; earlier the flag is refused before we come here.
      const where = { host, port, ...(reusePort ? { reusePort } : {}) };
      this.#listener.listen(where, () => resolve((this.#listener.address() as AddressInfo).port));
    });
  }

  async drain(): Promise<void> {
    this.#listener.close();
    // The library tells its clients to go. That all calls have ended it says too early on newer Node
    // versions, so the end of the connections is awaited here.
    this.#server.tryShutdown(() => {});
    for (const socket of this.#sockets) {
      if (socket.bytesRead === 0) socket.destroy();
    }
    await Promise.all(Array.from(this.#sockets, sentAll));
  }

  close(): void {
    this.#listener.close();
    this.#server.forceShutdown();
    for (const socket of this.#sockets) socket.destroy();
  }

  #register(method: Method): void {
    const compression = method.compress === true ? this.#options.responseCompression : 'none';
    const kind = method.kind === 'unary' ? 'unary' : method.clientStreams ? 'bidi' : 'serverStream';
    const handler =
      method.kind === 'unary'
        ? unaryHandler(method, compression, this.#calls)
        : streamHandler(method, compression, this.#calls);
    // Messages stay bytes inside the library: decoding and encoding are the methods' own.
    const keep = <T>(value: T): T => value;
    this.#server.register(
      method.path,
      handler as UntypedHandleCall,
      keep as (value: unknown) => Buffer,
      keep as (bytes: Buffer) => unknown,
      kind,
    );
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    this.#traffic.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // The library hears of a broken connection by itself; without a listener the error would end the process.
    socket.on('error', () => {});
    this.#injector.injectConnection(socket);
  }
}

/** Resolves when the socket has nothing more to send, whether or not its client closes it too. */
function sentAll(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.writableFinished) resolve();
    socket.once('finish', resolve).once('close', () => resolve());
  });
}

function serverOptions(options: TransportOptions): ServerOptions {
  return {
    'grpc.max_receive_message_length': messageBytesMax,
    'grpc.max_send_message_length': messageBytesMax,
    'grpc.keepalive_time_ms': options.keepaliveTimeMs,
    'grpc.keepalive_timeout_ms': options.keepaliveTimeoutMs,
    'grpc.enable_channelz': 0,
    ...(options.connectionAgeMs === undefined
      ? {}
      : { 'grpc.max_connection_age_ms': options.connectionAgeMs }),
    ...(options.connectionAgeGraceMs === undefined
      ? {}
      : { 'grpc.max_connection_age_grace_ms': options.connectionAgeGraceMs }),
  };
}

function credentials({ tls }: TransportOptions): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const { cert, key, clientCa } = tls;
  return ServerCredentials.createSsl(
    clientCa ?? null,
    [{ cert_chain: cert, private_key: key }],
    clientCa !== undefined,
  );
}

interface Session {
  setLocalWindowSize(bytes: number): void;
}

interface Http2Server {
  on(event: 'session', listener: (session: Session) => void): void;
  prependListener(
    event: 'stream',
    listener: (stream: unknown, headers: Record<string, unknown>) => void,
  ): void;
}

interface ServerInside {
  commonServerOptions?: { settings?: Record<string, number> };
  http2Servers?: Map<Http2Server, unknown>;
}

/**
 * The one place that reaches into the library. It pins the receive window at 64 KiB, which halves the
 * speed of large uploads; it takes away the header that says which compressions a client accepts; and a
 * deadline of more than 24 days overflows its timer, so that the call has failed at once. There is an
 * option for none of them. Without the fields reached for, only these three are lost.
 */
function createInjector(
  server: Server,
  credentials: ServerCredentials,
  { responseCompression }: TransportOptions,
): ConnectionInjector {
  const inside = server as unknown as ServerInside;
  const settings = inside.commonServerOptions;
  if (settings !== undefined) settings.settings = { ...settings.settings, initialWindowSize: windowBytes };
  const injector = server.createConnectionInjector(credentials);
  for (const http2Server of inside.http2Servers?.keys() ?? []) {
    http2Server.on('session', (session) => session.setLocalWindowSize(windowBytes));
    const keepAccepted = responseCompression !== 'none';
    http2Server.prependListener('stream', (_, headers) => {
      if (keepAccepted) headers[acceptEncodingKey] = headers['grpc-accept-encoding'] ?? '';
      const timeout = headers['grpc-timeout'];
      if (typeof timeout === 'string' && exceedsTimer(timeout)) headers['grpc-timeout'] = longestTimeout;
    });
  }
  return injector;
}

/** The whole seconds of Node's longest timer. */
const timerSecondsMax = 2147483;
const longestTimeout = `${timerSecondsMax}S`;
const secondsOf: Readonly<Record<string, number>> = { H: 3600, M: 60, S: 1 };

function exceedsTimer(timeout: string): boolean {
  const seconds = secondsOf[timeout.slice(-1)];
  return seconds !== undefined && Number(timeout.slice(0, -1)) * seconds > timerSecondsMax;
}
