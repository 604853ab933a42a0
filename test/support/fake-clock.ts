import type { Clock } from '../../src/inference/clock.js';

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  #nowUs = 0;
  #calls: { readonly atUs: number; readonly call: () => void }[] = [];
  #turnCalls: (() => void)[] = [];
  readonly #shortTurns: boolean;

  /** With short turns each ends as soon as somebody asks for its end. */
  constructor({ shortTurns = false }: { shortTurns?: boolean } = {}) {
    this.#shortTurns = shortTurns;
  }

  nowUs(): number {
    return this.#nowUs;
  }

  after(delayMs: number, call: () => void): () => void {
    return this.afterUs(delayMs * 1000, call);
  }

  afterIfAlive(delayMs: number, call: () => void): () => void {
    return this.after(delayMs, call);
  }

  afterUs(delayUs: number, call: () => void): () => void {
    const due = { atUs: this.#nowUs + delayUs, call };
    this.#calls.push(due);
    return () => {
      this.#calls = this.#calls.filter((other) => other !== due);
    };
  }

  endOfTurn(call: () => void): void {
    if (this.#shortTurns) call();
    else this.#turnCalls.push(call);
  }

  /** Ends a turn of the event loop; what is asked for meanwhile belongs to the next. */
  turn(): void {
    for (const call of this.#turnCalls.splice(0)) call();
  }

  /** How long from now each call is due. */
  get waitsMs(): number[] {
    return this.#calls.map(({ atUs }) => (atUs - this.#nowUs) / 1000);
  }

  advance(ms: number): void {
    this.advanceUs(ms * 1000);
  }

  advanceUs(us: number): void {
    const endUs = this.#nowUs + us;
    for (;;) {
      const [next] = this.#calls.filter(({ atUs }) => atUs <= endUs).sort((a, b) => a.atUs - b.atUs);
      if (next === undefined) break;
      this.#nowUs = next.atUs;
      this.#calls = this.#calls.filter((other) => other !== next);
      next.call();
    }
    this.#nowUs = endUs;
  }
}
