import type { IncomingHttpHeaders } from 'node:http';
import type { BodySink } from '../../../http1/body-sink.js';
import type { Exchange } from '../../../http1/exchange.js';
import { chunked } from '../../../http1/request-head.js';
import type { Arena } from '../../../tensors/arena.js';
import type { AnswerHead, AnswerStream, HttpAnswer } from '../exchange.js';
import { piecesOf, type BodyTaker, type Carried } from '../transport.js';
import { OwnPieces } from './own-pieces.js';

/** A request over our own HTTP/1.1. */
export class OwnCarried implements Carried {
  readonly #exchange: Exchange;
  readonly #arena: Arena;

  constructor(exchange: Exchange, arena: Arena) {
    this.#exchange = exchange;
    this.#arena = arena;
  }

  get method(): string {
    return this.#exchange.head.method;
  }

  get url(): string {
    return this.#exchange.head.url;
  }

  get headers(): IncomingHttpHeaders {
    return this.#exchange.head.headers;
  }

  get rawHeaders(): readonly string[] {
    return this.#exchange.head.rawHeaders;
  }

  get peer(): Carried['peer'] {
    return this.#exchange.peer;
  }

  get cancelled(): boolean {
    return this.#exchange.gone;
  }

  get onCancel(): (() => void) | undefined {
    return this.#exchange.onGone;
  }

  set onCancel(call: (() => void) | undefined) {
    this.#exchange.onGone = call;
  }

  get begun(): boolean {
    return this.#exchange.answer !== 'none';
  }

  receive(taker: BodyTaker): void {
    this.#exchange.receive(new CopyingSink(this.#exchange.head.bodyBytes, taker, this.#arena));
  }

  send(answer: HttpAnswer): void {
    const { status, headers, release } = answer;
    this.#exchange.send({ status, headers, pieces: piecesOf(answer) }, release);
  }

  stream(head: AnswerHead): AnswerStream {
    const exchange = this.#exchange;
    exchange.begin(head);
    return {
      write: (part) => exchange.write(typeof part === 'string' ? Buffer.from(part) : part),
      drained: () => exchange.drained(),
      end: () => exchange.end(),
    };
  }

  cut(): void {
    this.#exchange.cut();
  }
}

/** Copies a body from where all sockets read into memory of its own. */
class CopyingSink implements BodySink {
  readonly #taker: BodyTaker;
  readonly #pieces: OwnPieces;
  readonly #arena: Arena;

  constructor(bodyBytes: number, taker: BodyTaker, arena: Arena) {
    this.#taker = taker;
    this.#arena = arena;
    const size = bodyBytes === chunked ? Infinity : bodyBytes;
    this.#pieces = new OwnPieces(size, taker.givesBack ? arena : undefined);
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    if (this.#taker.admit(end - start)) this.#pieces.add(bytes, start, end);
    else this.#pieces.clear();
  }

  onEnd(): void {
    const lent = this.#pieces.takeLent();
    const pieces = this.#pieces.take();
    if (lent.length === 0) return this.#taker.complete(pieces);
    this.#taker.complete(pieces, () => {
      for (const buffer of lent) this.#arena.giveBack(buffer);
    });
  }

  onGone(): void {
    this.#pieces.clear();
    this.#taker.gone();
  }
}
