import type { AnswerStream, HttpCall } from './exchange.js';

/** The media type of server-sent events, as Triton writes it. */
const contentType = 'text/event-stream; charset=utf-8';

/** Sends server-sent events. The status of the answer goes out with the first of them, and is that one's. */
export class EventWriter {
  readonly #call: HttpCall;
  #stream: AnswerStream | undefined = undefined;

  constructor(call: HttpCall) {
    this.#call = call;
  }

  /** Whether a status has gone out. */
  get begun(): boolean {
    return this.#stream !== undefined;
  }

  /** Sends one event, whose text has no line breaks; resolves when the client reads fast enough for the next. */
  async send(json: string, status = 200): Promise<void> {
    if (this.#call.cancelled) return;
    const stream = this.#begin(status);
    if (!stream.write(`data: ${json}\n\n`)) await stream.drained();
  }

  /** Ends the answer behind what was sent. */
  end(): void {
    if (!this.#call.cancelled) this.#begin(200).end();
  }

  #begin(status: number): AnswerStream {
    this.#stream ??= this.#call.stream({ status, headers: { 'content-type': contentType } });
    return this.#stream;
  }
}
