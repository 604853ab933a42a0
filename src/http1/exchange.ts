import { noSink, type BodySink } from './body-sink.js';
import type { AnswerHead } from './answer-head.js';
import { ChunkedBody } from './chunked-body.js';
import { chunked, type RequestHead } from './request-head.js';

/** The connection that a request has come on. */
export interface ExchangeOwner {
  /** Address and port of the client. */
  readonly peer: { readonly host: string; readonly port: number };
  /** The request's body is wanted. */
  wanted(exchange: Exchange): void;
  /** Sends a whole answer; `onSent` is called when its bytes are read no more. */
  send(exchange: Exchange, answer: WholeAnswer, onSent: (() => void) | undefined): void;
  /** Begins an answer that comes in parts. */
  begin(exchange: Exchange, head: AnswerHead): void;
  write(exchange: Exchange, part: Uint8Array): boolean;
  drained(): Promise<void>;
  end(exchange: Exchange): void;
  /** Cuts the connection. */
  cut(): void;
}

/** An answer of which all is there. */
export interface WholeAnswer extends AnswerHead {
  readonly pieces: readonly Uint8Array[];
}

/** One request and its answer. Whoever was handed it answers once: by `send`, or by `begin`, `write` and `end`. */
export class Exchange {
  readonly head: RequestHead;
  /** Whether the client has gone away before it had its answer: nothing is sent any more. */
  gone = false;
  /** Called once when that happens. */
  onGone: (() => void) | undefined = undefined;
  answer: 'none' | 'sending' | 'streaming' | 'ended' = 'none';
  /** Whether parts of the answer are sent as chunks. */
  coded = false;
  /** Whether the client was told to send its body. */
  continued = false;
  bodyEnded: boolean;
  /** What has come of the body. */
  bodyBytes = 0;
  readonly #owner: ExchangeOwner;
  readonly #chunks: ChunkedBody | undefined;
  #leftBytes: number;
  #sink: BodySink | undefined = undefined;

  constructor(head: RequestHead, owner: ExchangeOwner) {
    this.head = head;
    this.#owner = owner;
    this.#chunks = head.bodyBytes === chunked ? new ChunkedBody() : undefined;
    this.#leftBytes = head.bodyBytes;
    this.bodyEnded = head.bodyBytes === 0;
  }

  get peer(): ExchangeOwner['peer'] {
    return this.#owner.peer;
  }

  /** Whether bytes of the body may come now: somebody takes them, or nobody will any more. */
  get takesBody(): boolean {
    return !this.bodyEnded && (this.#sink !== undefined || this.answer === 'ended');
  }

  /** Has the body taken; until then it waits. */
  receive(sink: BodySink): void {
    if (this.gone) {
      sink.onGone();
      return;
    }
    this.#sink = sink;
    if (this.bodyEnded) sink.onEnd();
    else this.#owner.wanted(this);
  }

  send(answer: WholeAnswer, onSent?: () => void): void {
    if (this.gone || this.answer !== 'none') onSent?.();
    else this.#owner.send(this, answer, onSent);
  }

  begin(head: AnswerHead): void {
    if (!this.gone) this.#owner.begin(this, head);
  }

  /** False when the client reads too slowly: `drained` tells when it has caught up, or is gone. */
  write(part: Uint8Array): boolean {
    return this.gone || part.byteLength === 0 || this.#owner.write(this, part);
  }

  drained(): Promise<void> {
    return this.gone ? Promise.resolve() : this.#owner.drained();
  }

  end(): void {
    if (!this.gone && this.answer === 'streaming') this.#owner.end(this);
  }

  cut(): void {
    this.#owner.cut();
  }

  /** Takes bytes of the body; the result is where it ends, or `end`. */
  read(bytes: Buffer, at: number, end: number): number {
    const sink = this.#sink ?? noSink;
    const stop = this.#readPart(bytes, { at, end }, sink);
    this.bodyBytes += stop - at;
    if (this.#chunks === undefined ? this.#leftBytes === 0 : this.#chunks.over) {
      this.bodyEnded = true;
      sink.onEnd();
    }
    return stop;
  }

  /** The client is gone, or what it sends is no HTTP. */
  leave(): void {
    if (this.gone) return;
    this.gone = true;
    if (!this.bodyEnded) this.#sink?.onGone();
    this.onGone?.();
  }

  #readPart(bytes: Buffer, span: { at: number; end: number }, sink: BodySink): number {
    if (this.#chunks !== undefined) return this.#chunks.read(bytes, span, sink);
    const stop = Math.min(span.end, span.at + this.#leftBytes);
    this.#leftBytes -= stop - span.at;
    sink.onBytes(bytes, span.at, stop);
    return stop;
  }
}
