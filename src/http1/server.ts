import { createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import { BlockPool } from '../sockets/block-pool.js';
import { SocketReads } from '../sockets/socket-reads.js';
import { Traffic, type TrafficCounts } from '../sockets/traffic.js';
import { HeadWriter } from './answer-head.js';
import { Connection, type ConnectionShare } from './connection.js';
import type { Exchange, WholeAnswer } from './exchange.js';
import { lingerMs, type Limits } from './limits.js';
import type { Malformed } from './request-head.js';

export interface Http1ServerOptions extends Limits {
  readonly host: string;
  readonly port: number;
  readonly reusePort: boolean;
}

/** Who answers. */
export interface Http1Listener {
  onRequest(exchange: Exchange): void;
  /** The answer to what is no request. */
  refuse(malformed: Malformed): WholeAnswer;
}

const looksPerTimeout = 4;
const lookEveryMs = { least: 5, most: 1000 };

/** RFC 9112: listens for connections and hands on their requests. It looks over its connections every so often. */
export class Http1Server {
  readonly #options: Http1ServerOptions;
  readonly #listener: NetServer;
  readonly #share: ConnectionShare;
  readonly #reads = new SocketReads();
  readonly #traffic = new Traffic();
  readonly #open = new Map<Socket, Connection>();
  #looking: NodeJS.Timeout | undefined = undefined;

  constructor(options: Http1ServerOptions, listener: Http1Listener) {
    this.#options = options;
    this.#share = {
      limits: options,
      blocks: new BlockPool(),
      heads: new HeadWriter(),
      sharedHead: { last: undefined },
      draining: false,
      busyCount: 0,
      onRequest: (exchange) => listener.onRequest(exchange),
      refuse: (malformed) => listener.refuse(malformed),
    };
    // A client that has sent all it has may still be told what was wrong with it.
    this.#listener = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
    this.#listener.maxConnections = options.connectionsMax;
  }

  /** What has come and gone over all connections. */
  get traffic(): TrafficCounts {
    return this.#traffic.counts;
  }

  /** Requests that were not answered yet. */
  get busyCount(): number {
    return this.#share.busyCount;
  }

  get connectionCount(): number {
    return this.#open.size;
  }

  /** Starts to listen; the result is the port. */
  listen(): Promise<number> {
    const { host, port, reusePort } = this.#options;
    return new Promise((resolve, reject) => {
      this.#listener.once('error', reject);
      this.#listener.listen({ host, port, ...(reusePort ? { reusePort } : {}) }, () => {
        this.#listener.off('error', reject);
        // From here on it is a connection that could not be taken, as when no more files may be open.
        this.#listener.on('error', () => {});
        resolve((this.#listener.address() as AddressInfo).port);
      });
    });
  }

  /** Takes no new connections and closes those without a request; resolves when all have ended. */
  async drain(): Promise<void> {
    this.#share.draining = true;
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()));
    for (const connection of this.#open.values()) connection.drain();
    await closed;
  }

  /** Ends everything at once. */
  close(): void {
    this.#listener.close();
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #accept(socket: Socket): void {
    if (this.#share.draining) {
      socket.destroy();
      return;
    }
    this.#traffic.add(socket);
    const connection = new Connection(socket, this.#share, performance.now());
    this.#open.set(socket, connection);
    this.#looking ??= setInterval(() => this.#look(), this.#lookEveryMs()).unref();
    socket.once('end', () => connection.ended());
    // 'close' follows.
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#open.delete(socket);
      connection.closed();
      if (this.#open.size > 0) return;
      clearInterval(this.#looking);
      this.#looking = undefined;
    });
    this.#reads.start(socket, connection);
  }

  #look(): void {
    const nowMs = performance.now();
    for (const connection of this.#open.values()) connection.look(nowMs);
  }

  /** Often enough for the shortest of the times that are watched. */
  #lookEveryMs(): number {
    const { receiveTimeoutMs, sendTimeoutMs, idleTimeoutMs } = this.#options;
    const idleMs = idleTimeoutMs === 0 ? Infinity : idleTimeoutMs;
    const shortest = Math.min(receiveTimeoutMs, sendTimeoutMs, idleMs, lingerMs);
    return Math.min(Math.max(shortest / looksPerTimeout, lookEveryMs.least), lookEveryMs.most);
  }
}
