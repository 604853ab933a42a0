import {
  Server,
  ServerCredentials,
  type ConnectionInjector,
  type ServerOptions,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import { messageBytesMax } from '../codec/infer-response.js';
import type { Method, Transport, TransportOptions } from '../transport.js';
import { acceptEncodingKey } from './compression.js';
import { streamHandler, type CallCount, unaryHandler } from './grpc-js-calls.js';

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
  readonly #calls: CallCount = { open: 0, onNone: undefined };

  constructor(methods: readonly Method[], options: TransportOptions) {
    this.#options = options;
    this.#server = new Server(serverOptions(options));
    for (const method of methods) this.#register(method);
    this.#injector = createInjector(this.#server, credentials(options), options);
    this.#listener = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  get callCount(): number {
    return this.#calls.open;
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
    await new Promise<void>((resolve) => {
      this.#server.tryShutdown(() => resolve());
    });
    // On Node 24 the library calls back at once, whatever calls run.
    if (this.#calls.open === 0) return;
    await new Promise<void>((resolve) => {
      this.#calls.onNone = resolve;
    });
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
    socket.once('close', () => this.#sockets.delete(socket));
    // The library hears of a broken connection by itself; without a listener the error would end the process.
    socket.on('error', () => {});
    this.#injector.injectConnection(socket);
  }
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
 * speed of large uploads, it takes away the header that says which compressions a client accepts, and it
 * wraps far deadlines around; there is an option for none. Without the fields reached for, only these are lost.
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
    http2Server.prependListener('stream', (_, headers) => dropFarTimeout(headers));
    if (responseCompression === 'none') continue;
    http2Server.prependListener('stream', (_, headers) => {
      headers[acceptEncodingKey] = headers['grpc-accept-encoding'] ?? '';
    });
  }
  return injector;
}

const timeoutHeader = 'grpc-timeout';
const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** The longest time that a timer takes: 25 days. */
const longestTimerMs = 2 ** 31 - 1;

/** The library lets a deadline beyond its timer's reach wrap around, perhaps to one that has passed. */
function dropFarTimeout(headers: Record<string, unknown>): void {
  const timeout = headers[timeoutHeader];
  if (typeof timeout !== 'string') return;
  const [, digits = '0', unit = 'n'] = /^(\d{1,8})([HMSmun])$/.exec(timeout) ?? [];
  if (Number(digits) * (unitMs[unit] ?? 0) > longestTimerMs) delete headers[timeoutHeader];
}
