import http2 from 'node:http2';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

/** One message as gRPC frames it: flag byte, length, bytes. */
export function frame(bytes: Uint8Array, compressed = false): Buffer {
  const head = Buffer.alloc(5);
  head[0] = Number(compressed);
  head.writeUInt32BE(bytes.byteLength, 1);
  return Buffer.concat([head, bytes]);
}

export interface RawMessage {
  readonly compressed: boolean;
  readonly bytes: Buffer;
}

/** A gRPC call by hand: nothing is checked, so that what no library would send can be sent. */
export class RawCall {
  readonly stream: http2.ClientHttp2Stream;
  readonly headers: Promise<http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader>;
  /** Resolves when the stream is closed, however that came. */
  readonly closed: Promise<void>;
  /** The trailers, or the headers of an answer that has nothing else. */
  trailers: http2.IncomingHttpHeaders = {};
  #received = Buffer.alloc(0);
  readonly #chunks: Buffer[] = [];

  constructor(stream: http2.ClientHttp2Stream, read: boolean) {
    this.stream = stream;
    // How it ended is read from the trailers and the reset code.
    stream.on('error', () => {});
    this.headers = new Promise((resolve) =>
      stream.once('response', (headers) => {
        if (headers['grpc-status'] !== undefined) this.trailers = headers;
        resolve(headers);
      }),
    );
    stream.once('trailers', (trailers) => (this.trailers = trailers));
    this.closed = new Promise((resolve) => stream.once('close', resolve));
    if (read) this.read();
  }

  /** Begins to read what the server sends; until then its window fills. */
  read(): void {
    this.stream.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
  }

  get messages(): RawMessage[] {
    this.#received = Buffer.concat([this.#received, ...this.#chunks.splice(0)]);
    const messages: RawMessage[] = [];
    let at = 0;
    while (at + 5 <= this.#received.byteLength) {
      const end = at + 5 + this.#received.readUInt32BE(at + 1);
      if (end > this.#received.byteLength) break;
      messages.push({ compressed: this.#received[at] === 1, bytes: this.#received.subarray(at + 5, end) });
      at = end;
    }
    return messages;
  }

  get status(): number | undefined {
    const { 'grpc-status': status } = this.trailers;
    return status === undefined ? undefined : Number(status);
  }

  /** grpc-message with its percent-encoding undone. */
  get details(): string {
    return decodeURIComponent(String(this.trailers['grpc-message'] ?? ''));
  }
}

export interface RawSetup {
  readonly headers?: http2.OutgoingHttpHeaders;
  /** False: the server's answer stays unread, and its window is not opened again. */
  readonly read?: boolean;
}

/** An HTTP/2 connection that knows what a gRPC request looks like, and no more. */
export class RawClient {
  readonly session: http2.ClientHttp2Session;
  readonly closed: Promise<void>;
  goneAway = false;
  readonly #socket: Socket;

  constructor(port: number, tls?: ConnectionOptions) {
    const scheme = tls === undefined ? 'http' : 'https';
    const where = { host: '127.0.0.1', port };
    const socket =
      tls === undefined ? connect(where) : connectTls({ ...tls, ...where, ALPNProtocols: ['h2'] });
    this.#socket = socket;
    this.session = http2.connect(`${scheme}://127.0.0.1:${port}`, { createConnection: () => socket });
    this.session.on('error', () => {});
    this.session.once('goaway', () => (this.goneAway = true));
    this.closed = new Promise((resolve) => this.session.once('close', resolve));
  }

  open(path: string, { headers = {}, read = true }: RawSetup = {}): RawCall {
    const stream = this.session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    return new RawCall(stream, read);
  }

  /** Sends one message and the end of the request, and waits for the end of the answer. */
  async unary(path: string, request: Uint8Array, setup: RawSetup = {}): Promise<RawCall> {
    const call = this.open(path, setup);
    call.stream.end(frame(request));
    await call.closed;
    return call;
  }

  /** Ends the connection as a network does: without a word. */
  cut(): void {
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.session.destroy();
  }
}
