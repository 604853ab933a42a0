import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Traffic, type TrafficCounts } from '../../../sockets/traffic.js';
import type { HttpTransport, ListenerOptions } from '../transport.js';
import { refuseMalformed } from './node-malformed.js';

export type Serve = (request: IncomingMessage, response: ServerResponse) => void;

/** A port with Node's own HTTP/1.1 behind it: its bounds, and a way out that loses no request. Knows no endpoint. */
export class NodeListener implements HttpTransport {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #traffic = new Traffic();
  #busyCount = 0;
  #draining = false;

  constructor(options: ListenerOptions, serve: Serve) {
    this.#options = options;
    const { headerBytesMax, receiveTimeoutMs, idleTimeoutMs, connectionsMax } = options;
    this.#server = createServer(
      {
        maxHeaderSize: headerBytesMax,
        headersTimeout: receiveTimeoutMs,
        // How long a body may stand still is for its reader to say: a large one may take its time.
        requestTimeout: 0,
        keepAliveTimeout: idleTimeoutMs,
        connectionsCheckingInterval: Math.min(receiveTimeoutMs, 5000),
      },
      (request, response) => {
        this.#busyCount++;
        response.once('close', () => this.#busyCount--);
        if (this.#draining) response.shouldKeepAlive = false;
        serve(request, response);
      },
    );
    this.#server.on('clientError', refuseMalformed);
    this.#server.on('connection', (socket: Socket) => this.#traffic.add(socket));
    this.#server.maxConnections = connectionsMax;
    // More requests on a connection than Node would count are no danger: each is bounded by itself.
    this.#server.maxRequestsPerSocket = 0;
  }

  /** Starts to listen; the result is the port, which the system chooses when 0 was asked for. */
  async listen(): Promise<number> {
    const { host, port, reusePort } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, ...(reusePort ? { reusePort } : {}) }, () => {
        this.#server.removeListener('error', reject);
        resolve();
      });
    });
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('No port. This is a bug.');
    return address.port;
  }

  /** What has come and gone over all connections. */
  get traffic(): TrafficCounts {
    return this.#traffic.counts;
  }

  /** Requests that were not answered yet. */
  get busyCount(): number {
    return this.#busyCount;
  }

  /** Takes no new connections and closes those without a request; resolves when all have ended. */
  async drain(): Promise<void> {
    this.#draining = true;
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Ends everything at once. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
