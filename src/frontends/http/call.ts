import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { nowUs } from '../../inference/now.js';
import type { AnswerHead, AnswerStream, HttpAnswer, HttpCall, Target } from './exchange.js';
import { readBody } from './body.js';

/** A call over Node's HTTP. It is answered once, or by a stream; a client that has gone away is told nothing. */
export class NodeCall implements HttpCall {
  readonly target: Target;
  readonly startUs = nowUs();
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  onCancel: (() => void) | undefined = undefined;
  failure: unknown = undefined;
  #cancelled = false;

  constructor(request: IncomingMessage, response: ServerResponse, target: Target) {
    this.#request = request;
    this.#response = response;
    this.target = target;
    response.once('close', () => {
      if (response.writableFinished) return;
      this.#cancelled = true;
      this.onCancel?.();
    });
  }

  get method(): string {
    return this.#request.method ?? '';
  }

  get headers(): IncomingHttpHeaders {
    return this.#request.headers;
  }

  get rawHeaders(): readonly string[] {
    return this.#request.rawHeaders;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  body(bytesMax: number): Promise<Buffer> {
    return readBody(this.#request, bytesMax);
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
}

/** Resolves when the client has caught up, or is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) resolve();
    response.once('drain', resolve).once('close', resolve);
  });
}

/** Sends an answer in one piece. */
export function sendAnswer(
  response: ServerResponse,
  { status, headers, body = '', release }: HttpAnswer,
): void {
  if (release !== undefined) response.once('close', release);
  if (response.destroyed) return;
  const pieces = typeof body === 'string' ? [Buffer.from(body)] : body instanceof Uint8Array ? [body] : body;
  let length = 0;
  for (const { byteLength } of pieces) length += byteLength;
  response.writeHead(status, { ...headers, 'content-length': length });
  response.cork();
  for (const piece of pieces) response.write(piece);
  response.end();
  response.uncork();
}
