import { connect, type Socket } from 'node:net';
import type { Exchange } from '../../src/http1/exchange.js';
import { Http1Server, type Http1ServerOptions } from '../../src/http1/server.js';
import { eventually } from './eventually.js';

export const plainHttp1: Http1ServerOptions = {
  host: '127.0.0.1',
  port: 0,
  reusePort: false,
  connectionsMax: 100,
  headBytesMax: 4096,
  receiveTimeoutMs: 30_000,
  idleTimeoutMs: 0,
  sendTimeoutMs: 30_000,
};

/** A connection to a server, and all that came on it. */
export interface RawClient {
  readonly socket: Socket;
  readonly got: () => string;
  readonly closed: () => boolean;
}

export interface Http1Rig {
  readonly server: Http1Server;
  readonly port: number;
  readonly open: () => RawClient;
  close(): Promise<void>;
}

/** A server that hands its requests to `onRequest`, and clients for it. */
export async function startHttp1(
  onRequest: (exchange: Exchange) => void,
  options: Partial<Http1ServerOptions> = {},
): Promise<Http1Rig> {
  const server = new Http1Server(
    { ...plainHttp1, ...options },
    {
      onRequest,
      refuse: ({ status, message }) => ({ status, pieces: [Buffer.from(message)] }),
    },
  );
  const port = await server.listen();
  const sockets: Socket[] = [];
  return {
    server,
    port,
    open() {
      const socket = connect({ port, host: '127.0.0.1' });
      sockets.push(socket);
      let [text, over] = ['', false];
      socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
      socket.on('error', () => {});
      socket.once('close', () => (over = true));
      return { socket, got: () => text, closed: () => over };
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await eventually(() => server.connectionCount === 0, 'all connections are closed');
    },
  };
}

/** Answers with the method, the path and the body of a request. */
export function echo(exchange: Exchange): void {
  let body = '';
  exchange.receive({
    onBytes: (bytes, start, end) => (body += bytes.toString('latin1', start, end)),
    onEnd() {
      const { method, url } = exchange.head;
      exchange.send({ status: 200, pieces: [Buffer.from(`${method} ${url} ${body}`, 'latin1')] });
    },
    onGone() {},
  });
}

/** The answers on a connection, each as its status and its body; what is unfinished is left out. */
export function answersOf(text: string): { status: number; body: string; head: string }[] {
  const answers = [];
  let at = 0;
  for (;;) {
    const end = text.indexOf('\r\n\r\n', at);
    if (end === -1) return answers;
    const head = text.slice(at, end);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    if (text.length < end + 4 + length) return answers;
    answers.push({ status, head, body: text.slice(end + 4, end + 4 + length) });
    at = end + 4 + length;
  }
}
