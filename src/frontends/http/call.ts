import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { nowUs } from '../../inference/now.js';
import type { AnswerHead, AnswerStream, HttpAnswer, HttpCall, ReceivedBody, Target } from './exchange.js';
import { ChunkedBytes, turnBytesMax, wholeBytesInTurns } from '../../tensors/chunked-bytes.js';
import { tooLarge, type Bodies } from './body.js';

/** A call over Node's HTTP. It is answered once, or by a stream; a client that has gone away is told nothing. */
export class NodeCall implements HttpCall {
  readonly target: Target;
  readonly startUs = nowUs();
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #bodies: Bodies;
  onCancel: (() => void) | undefined = undefined;
  failure: unknown = undefined;
  #cancelled = false;

  constructor(
    { request, response }: { request: IncomingMessage; response: ServerResponse },
    target: Target,
    bodies: Bodies,
  ) {
    this.#request = request;
    this.#response = response;
    this.#bodies = bodies;
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

  async body(bytesMax: number): Promise<Buffer> {
    const received = await this.receive(bytesMax, () => tooLarge(bytesMax));
    received.letGo();
    return join(received);
  }

  receive(bytesMax: number, refuse: (bytes: number) => Error): Promise<ReceivedBody> {
    return this.#bodies.receive(this.#request, bytesMax, refuse);
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

/** A large body is put together over several turns of the event loop. */
async function join({ pieces, byteLength: size }: ReceivedBody): Promise<Buffer> {
  const [first] = pieces;
  const whole =
    pieces.length === 1 && first !== undefined
      ? first
      : size <= turnBytesMax
        ? Buffer.concat(pieces)
        : await wholeBytesInTurns(new ChunkedBytes(pieces));
  return Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength);
}

/** Resolves when the client has caught up, or is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) resolve();
    response.once('drain', resolve).once('close', resolve);
  });
}

/** Sends an answer in one piece. What the answer holds is released when its bytes were sent, or will never be. */
export function sendAnswer(
  response: ServerResponse,
  { status, headers, body = '', release }: HttpAnswer,
): void {
  if (response.destroyed) return release?.();
  if (release !== undefined) response.once('close', release);
  const pieces = typeof body === 'string' ? [Buffer.from(body)] : body instanceof Uint8Array ? [body] : body;
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
