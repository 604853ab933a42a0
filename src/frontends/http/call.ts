import type { IncomingHttpHeaders } from 'node:http';
import { nowUs } from '../../inference/now.js';
import { ChunkedBytes, turnBytesMax, wholeBytesInTurns } from '../../tensors/chunked-bytes.js';
import { tooLarge, type Bodies } from './body.js';
import type { AnswerHead, AnswerStream, HttpCall, ReceivedBody, Target, WantedBody } from './exchange.js';
import type { Carried } from './transport.js';

/** A request that names something, over whatever carries it. */
export class Call implements HttpCall {
  readonly target: Target;
  readonly startUs = nowUs();
  failure: unknown = undefined;
  readonly #carried: Carried;
  readonly #bodies: Bodies;

  constructor(carried: Carried, target: Target, bodies: Bodies) {
    this.#carried = carried;
    this.#bodies = bodies;
    this.target = target;
  }

  get method(): string {
    return this.#carried.method;
  }

  get headers(): IncomingHttpHeaders {
    return this.#carried.headers;
  }

  get rawHeaders(): readonly string[] {
    return this.#carried.rawHeaders;
  }

  get cancelled(): boolean {
    return this.#carried.cancelled;
  }

  get onCancel(): (() => void) | undefined {
    return this.#carried.onCancel;
  }

  set onCancel(call: (() => void) | undefined) {
    this.#carried.onCancel = call;
  }

  async body(bytesMax: number): Promise<Buffer> {
    const received = await this.receive({
      bytesMax,
      refuse: () => tooLarge(bytesMax),
      givesBack: false,
    });
    received.letGo();
    return join(received);
  }

  receive(wanted: WantedBody): Promise<ReceivedBody> {
    return this.#bodies.receive(this.#carried, wanted);
  }

  stream(head: AnswerHead): AnswerStream {
    return this.#carried.stream(head);
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
