import { freeMemory } from './free-memory.js';

/** Calls back once, about `delayMs` from now; the process does not stay for it. */
interface TurnClock {
  afterIfAlive(delayMs: number, call: () => void): void;
}

/** The system takes some 3 ms to take so much back. */
const turnBytes = 16 * 1024 * 1024;

/**
 * Frees buffers at once as long as they are few, and those beyond that a little later: the memory of a message of
 * hundreds of megabytes, given back in one go, would hold the event loop for a tenth of a second.
 *
 * Bound: what waits is freed at 16 MiB, or one buffer, every millisecond.
 */
export class FreeInTurns {
  readonly #clock: TurnClock | undefined;
  readonly #waiting: ArrayBufferLike[] = [];
  #freedBytes = 0;
  #ticking = false;

  /** Without a clock all is freed at once. */
  constructor(clock: TurnClock | undefined) {
    this.#clock = clock;
  }

  /** Takes a buffer that nobody reads or writes any more. */
  free(buffer: ArrayBufferLike): void {
    if (this.#clock === undefined) return freeMemory(buffer);
    this.#waiting.push(buffer);
    this.#freeSome();
    if (this.#ticking) return;
    this.#ticking = true;
    this.#clock.afterIfAlive(1, this.#tick);
  }

  readonly #tick = (): void => {
    this.#freedBytes = 0;
    this.#freeSome();
    this.#ticking = this.#freedBytes > 0;
    if (this.#ticking) this.#clock?.afterIfAlive(1, this.#tick);
  };

  #freeSome(): void {
    for (;;) {
      const next = this.#waiting.at(-1);
      if (next === undefined) return;
      if (this.#freedBytes > 0 && this.#freedBytes + next.byteLength > turnBytes) return;
      this.#waiting.pop();
      this.#freedBytes += next.byteLength;
      freeMemory(next);
    }
  }
}
