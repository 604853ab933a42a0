import type { Clock } from '../../src/inference/clock.js';

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  #nowMs = 0;
  #calls: { readonly atMs: number; readonly call: () => void }[] = [];

  nowUs(): number {
    return this.#nowMs * 1000;
  }

  after(delayMs: number, call: () => void): () => void {
    const due = { atMs: this.#nowMs + delayMs, call };
    this.#calls.push(due);
    return () => {
      this.#calls = this.#calls.filter((other) => other !== due);
    };
  }

  /** How long from now each call is due. */
  get waitsMs(): number[] {
    return this.#calls.map(({ atMs }) => atMs - this.#nowMs);
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = this.#calls.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#nowMs = next.atMs;
      this.#calls = this.#calls.filter((other) => other !== next);
      next.call();
    }
    this.#nowMs = endMs;
  }
}
