import { setTimeout as wait } from 'node:timers/promises';
import type { StreamCall } from '../../src/frontends/grpc/transport.js';

/** An answer that a client asked for. */
export interface Answer {
  readonly size: number;
  readonly intervalUs: number;
}

/** Sends the answers of a stream one after another, each when its time has come and the client reads. */
export class AnswerQueue {
  readonly #call: StreamCall<object>;
  readonly #make: (size: number) => object;
  readonly #waiting: Answer[] = [];
  #running = false;
  #ended = false;
  #drained: (() => void) | undefined;

  constructor(call: StreamCall<object>, make: (size: number) => object) {
    this.#call = call;
    this.#make = make;
  }

  add(answers: readonly Answer[]): void {
    this.#waiting.push(...answers);
    void this.#run();
  }

  /** The client sends no more; the call ends behind the last answer. */
  end(): void {
    this.#ended = true;
    void this.#run();
  }

  resume(): void {
    this.#drained?.();
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (
      let answer = this.#waiting.shift();
      answer && !this.#call.cancelled;
      answer = this.#waiting.shift()
    ) {
      if (answer.intervalUs > 0) await wait(answer.intervalUs / 1000);
      const drained = new Promise<void>((resolve) => (this.#drained = resolve));
      if (!this.#call.write(this.#make(answer.size))) await drained;
    }
    this.#running = false;
    if (this.#ended && !this.#call.cancelled) this.#call.end();
  }
}
