import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AnswerHead, AnswerStream, HttpAnswer } from '../exchange.js';
import { piecesOf, type BodyTaker, type Carried } from '../transport.js';

/** A request over Node's HTTP. */
export class NodeCarried implements Carried {
  onCancel: (() => void) | undefined = undefined;
  cancelled = false;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    response.once('close', () => {
      if (response.writableFinished) return;
      this.cancelled = true;
      this.onCancel?.();
    });
  }

  get method(): string {
    return this.#request.method ?? '';
  }

  get url(): string {
    return this.#request.url ?? '';
  }

  get headers(): IncomingHttpHeaders {
    return this.#request.headers;
  }

  get rawHeaders(): readonly string[] {
    return this.#request.rawHeaders;
  }

  get peer(): Carried['peer'] {
    const { remoteAddress: host = 'gone', remotePort: port = 0 } = this.#request.socket;
    return { host, port };
  }

  get begun(): boolean {
    return this.#response.headersSent;
  }

  receive(taker: BodyTaker): void {
    const request = this.#request;
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => {
      if (taker.admit(piece.byteLength)) pieces.push(piece);
      else pieces.length = 0;
    });
    request.once('end', () => taker.complete(pieces));
    // Node tells of a client that went away by an error only where somebody listens to errors.
    request.once('close', () => taker.gone());
  }

  send(answer: HttpAnswer): void {
    sendAnswer(this.#response, answer);
  }

  stream({ status, headers }: AnswerHead): AnswerStream {
    const response = this.#response;
    response.writeHead(status, headers);
    return {
      write: (part) => response.write(part),
      drained: () => drained(response),
      end: () => response.end(),
    };
  }

  cut(): void {
    this.#response.destroy();
  }
}

/** Resolves when the client has caught up, or is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) resolve();
    response.once('drain', resolve).once('close', resolve);
  });
}

/** Sends an answer in one piece. What the answer holds is released when its bytes were sent, or will never be. */
export function sendAnswer(response: ServerResponse, answer: HttpAnswer): void {
  const { status, headers, release } = answer;
  if (response.destroyed) return release?.();
  if (release !== undefined) response.once('close', release);
  const pieces = piecesOf(answer);
  let length = 0;
  for (const { byteLength } of pieces) length += byteLength;
  response.writeHead(status, { ...headers, 'content-length': length });
  const last = pieces.at(-1);
  if (pieces.length <= 1) {
    response.end(last);
    return;
  }
  response.cork();
  for (const piece of pieces) response.write(piece);
  response.end();
  response.uncork();
}
