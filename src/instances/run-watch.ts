/** The longest run that an instance may have on the event loop. */
export const inlineRunUsMax = 100;

/** A run this long is no accident of a busy machine when it comes again soon. */
const longRunUs = 10_000;
const longRunsMax = 3;
const soonCount = 32;

/** Runs are looked at together that are as many and took as long, pauses included, or more. */
const windowCount = 256;
const windowUs = 1_000_000;

/** What keeps being slow is told again this often. */
const toldEveryUs = 30_000_000;

/** What was found of the latest runs. */
export interface SlowRuns {
  readonly runCount: number;
  /** Those that were longer than they may be. */
  readonly slowCount: number;
  readonly longestUs: number;
}

/**
 * Looks at how long runs hold the event loop, and tells when they do so for too long: when more than half of
 * the runs of a second, and of 256 at least, took more than 100 µs, or three of 32 more than 10 ms. Less is
 * no reason: on a busy machine the system takes the core away in the middle of a run, or its caches.
 */
export class RunWatch {
  #count = 0;
  #slowCount = 0;
  #longestUs = 0;
  #sinceUs = 0;
  /** For each of the latest long runs how many runs have begun since. */
  #sinceLong: number[] = [];
  #quietUntilUs = -Infinity;

  /** What is to be told after a run that ended now, at most once in 30 s. */
  observe(runUs: number, nowUs: number): SlowRuns | undefined {
    if (this.#count === 0) this.#sinceUs = nowUs - runUs;
    this.#count++;
    if (runUs > inlineRunUsMax) this.#slowCount++;
    this.#longestUs = Math.max(this.#longestUs, runUs);
    const isFull = this.#count >= windowCount && nowUs - this.#sinceUs >= windowUs;
    const isSlow = (isFull && 2 * this.#slowCount > this.#count) || this.#areLong(runUs);
    const found = { runCount: this.#count, slowCount: this.#slowCount, longestUs: this.#longestUs };
    if (isFull) {
      this.#count = 0;
      this.#slowCount = 0;
      this.#longestUs = 0;
    }
    if (!isSlow || nowUs < this.#quietUntilUs) return undefined;
    this.#quietUntilUs = nowUs + toldEveryUs;
    return found;
  }

  #areLong(runUs: number): boolean {
    if (this.#sinceLong.length > 0) {
      this.#sinceLong = this.#sinceLong.map((count) => count + 1).filter((count) => count < soonCount);
    }
    if (runUs > longRunUs) this.#sinceLong.push(0);
    return this.#sinceLong.length >= longRunsMax;
  }
}
