import type { AnswerStream, HttpCall } from './exchange.js';

/** The media type of server-sent events, as Triton writes it. */
const contentType = 'text/event-stream; charset=utf-8';

const begin = Buffer.from('data: ');
const end = Buffer.from('\n\n');

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

  /** Sends one event, whose JSON has no line breaks; resolves when the client reads fast enough for the next. */
  async send(json: readonly Uint8Array[], status = 200): Promise<void> {
    if (this.#call.cancelled) return;
    const stream = this.#begin(status);
    // A piece is 256 KiB at most, and most events are one small piece.
    const parts = json.length === 1 ? [Buffer.concat([begin, ...json, end])] : [begin, ...json, end];
    let goesOn = true;
    for (const part of parts) goesOn = stream.write(part);
    if (!goesOn) await stream.drained();
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
