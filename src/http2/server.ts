import {
  createServer as createNetServer,
  type AddressInfo,
  type Server as NetServer,
  type Socket,
} from 'node:net';
import { createServer as createTlsServer, type TlsOptions, type Server as TlsServer } from 'node:tls';
import { BlockPool } from '../sockets/block-pool.js';
import { SocketReads } from '../sockets/socket-reads.js';
import { Traffic, type TrafficCounts } from '../sockets/traffic.js';
import { Connection } from './connection.js';
import type { ConnectionShare, RequestListener } from './connection-share.js';
import { errorCode } from './frames.js';
import { InternTable } from './hpack/intern.js';
import { defaultKeepalive, type KeepaliveOptions } from './keepalive.js';
import { defaultLimits, noCounts, type LimitCounts, type LimitName, type Limits } from './limits.js';
import { TurnEnd } from './output.js';

export interface Http2ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly reusePort?: boolean;
  /** Undefined: HTTP/2 with prior knowledge (RFC 9113 §3.3). Else by ALPN (§3.2). */
  readonly tls?: TlsOptions | undefined;
  readonly limits?: Partial<Limits>;
  readonly keepalive?: Partial<KeepaliveOptions>;
  /** How old connections may grow before they are asked to leave, and how long that may take; none without it. */
  readonly connectionAgeMs?: number | undefined;
  readonly connectionAgeGraceMs?: number | undefined;
  /** Hears of a peer that met a limit, by its address. */
  readonly onLimit?: (name: LimitName, peer: string) => void;
}

/** The other end of a connection. */
export interface Peer {
  /** Address and port. */
  readonly address: string;
}

/** What the server keeps of a connection beside it. */
interface Kept {
  readonly socket: Socket;
  readonly connection: Connection;
  leaveAtMs: number;
  cutAtMs: number;
}

/** Connections of one age would all leave at once: each gets up to a tenth more or less (gRPC's A9). */
const ageSpread = 0.1;

const looksPerTimeout = 4;
const lookEveryMs = { least: 5, most: 1000 };

/**
 * RFC 9113 §3: listens for connections, plain or TLS, and asks `serve` for who is told of the requests of each.
 * It looks over its connections every so often. Bound: `limits.connectionsMax` connections.
 */
export class Http2Server {
  /** How often each limit was met. */
  readonly counts: LimitCounts = noCounts();
  readonly #options: Http2ServerOptions;
  readonly #serve: (peer: Peer) => RequestListener;
  readonly #listener: NetServer | TlsServer;
  readonly #share: ConnectionShare;
  readonly #reads = new SocketReads();
  readonly #traffic = new Traffic();
  /** Every socket, those in the middle of a TLS handshake too. */
  readonly #sockets = new Set<Socket>();
  readonly #kept = new Set<Kept>();
  #looking: NodeJS.Timeout | undefined = undefined;
  #draining = false;

  constructor(options: Http2ServerOptions, serve: (peer: Peer) => RequestListener) {
    const limits = { ...defaultLimits, ...options.limits };
    this.#options = options;
    this.#serve = serve;
    this.#share = {
      limits,
      keepalive: { ...defaultKeepalive, ...options.keepalive },
      interned: new InternTable(),
      output: { blocks: new BlockPool(), turnEnd: new TurnEnd() },
      pending: { used: 0, most: limits.pendingBytesMaxOfServer },
      meet: (name, socket) => this.#meet(name, addressOf(socket)),
      nowMs: () => performance.now(),
    };
    this.#listener = this.#createListener();
    this.#listener.maxConnections = limits.connectionsMax;
    this.#listener.on('drop', (dropped) => {
      this.#meet('connections', `${dropped?.remoteAddress}:${dropped?.remotePort}`);
    });
  }

  get connectionCount(): number {
    return this.#kept.size;
  }

  /** Response bytes that wait for slow readers. */
  get pendingBytes(): number {
    return this.#share.pending.used;
  }

  /** What has come and gone over all connections. */
  get traffic(): TrafficCounts {
    return this.#traffic.counts;
  }

  /** Starts to listen; the result is the port. */
  listen(): Promise<number> {
    const { host, port, reusePort = false } = this.#options;
    return new Promise((resolve, reject) => {
      this.#listener.once('error', reject);
      // reusePort is known to Node from 22.12 on.
      const where = { host, port, ...(reusePort ? { reusePort } : {}) };
      this.#listener.listen(where, () => {
        this.#listener.off('error', reject);
        // From here on it is a connection that could not be taken, as when no more files may be open.
        this.#listener.on('error', () => this.#meet('connections', 'a client that could not be taken'));
        resolve((this.#listener.address() as AddressInfo).port);
      });
    });
  }

  /** New connections get these certificates; those that are open stay as they are. */
  setCertificates(tls: TlsOptions): void {
    if ('setSecureContext' in this.#listener) this.#listener.setSecureContext(tls);
  }

  /** Takes no new connections; resolves when those that are open have ended in good order. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#listener.close();
    const ended = Array.from(this.#sockets, (socket) => new Promise((end) => socket.once('close', end)));
    // By their addresses, for a TLS socket is another one than the socket below it.
    const known = new Set<string>();
    for (const { connection, socket } of this.#kept) {
      known.add(addressOf(socket));
      connection.leave();
    }
    for (const socket of this.#sockets) if (!known.has(addressOf(socket))) socket.destroy();
    await Promise.all(ended);
  }

  /** Ends everything at once. */
  close(): void {
    this.#listener.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #createListener(): NetServer | TlsServer {
    const { tls } = this.#options;
    const { limits } = this.#share;
    if (tls === undefined) {
      return createNetServer({ noDelay: true }, (socket) => {
        this.#track(socket);
        this.#accept(socket);
      });
    }
    const options = {
      noDelay: true,
      handshakeTimeout: limits.receiveTimeoutMs,
      ALPNProtocols: ['h2'],
      ...tls,
    };
    const server = createTlsServer(options, (socket) => this.#accept(socket));
    server.on('connection', (socket: Socket) => this.#track(socket));
    // A handshake that failed has ended its own connection.
    server.on('tlsClientError', () => {});
    return server;
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    this.#traffic.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #accept(socket: Socket): void {
    if (this.#draining) {
      socket.destroy();
      return;
    }
    const peer: Peer = {
      get address(): string {
        return addressOf(socket);
      },
    };
    const connection = new Connection(socket, this.#share, this.#serve(peer));
    const leaveAtMs = this.#share.nowMs() + this.#age();
    const kept: Kept = { socket, connection, leaveAtMs, cutAtMs: Infinity };
    this.#kept.add(kept);
    this.#looking ??= setInterval(() => this.#look(), this.#lookEveryMs()).unref();
    this.#reads.start(socket, connection);
    // 'close' follows.
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#kept.delete(kept);
      connection.closed();
      if (this.#kept.size > 0) return;
      clearInterval(this.#looking);
      this.#looking = undefined;
    });
  }

  #meet(name: LimitName, peer: string): void {
    this.counts[name]++;
    this.#options.onLimit?.(name, peer);
  }

  #age(): number {
    const { connectionAgeMs } = this.#options;
    if (connectionAgeMs === undefined) return Infinity;
    return connectionAgeMs * (1 - ageSpread + 2 * ageSpread * Math.random());
  }

  #look(): void {
    const nowMs = this.#share.nowMs();
    for (const kept of this.#kept) {
      kept.connection.look(nowMs);
      if (nowMs >= kept.leaveAtMs) {
        kept.leaveAtMs = Infinity;
        kept.cutAtMs = nowMs + (this.#options.connectionAgeGraceMs ?? Infinity);
        kept.connection.leave();
      } else if (nowMs >= kept.cutAtMs) {
        kept.cutAtMs = Infinity;
        kept.connection.cut('connection-age', errorCode.noError);
      }
    }
  }

  /** Often enough for the shortest of the times that are watched. */
  #lookEveryMs(): number {
    const { limits, keepalive } = this.#share;
    const { connectionAgeMs = Infinity, connectionAgeGraceMs = Infinity } = this.#options;
    const shortest = Math.min(
      limits.receiveTimeoutMs,
      limits.sendTimeoutMs,
      limits.idleTimeoutMs === 0 ? Infinity : limits.idleTimeoutMs,
      keepalive.timeMs,
      keepalive.timeoutMs,
      connectionAgeMs,
      connectionAgeGraceMs,
    );
    return Math.min(Math.max(shortest / looksPerTimeout, lookEveryMs.least), lookEveryMs.most);
  }
}

function addressOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}
