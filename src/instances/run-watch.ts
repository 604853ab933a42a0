/** The longest run that an instance may have on the event loop. */
export const inlineRunUsMax = 100;

/** A run this long is no accident of a busy machine when it comes again soon. */
const longRunUs = 10_000;
const longRunsMax = 3;

/** So many are slower than later ones, because nothing has been compiled yet. */
const warmUpCount = 128;

/** Runs that are looked at together. */
const windowSize = 32;

/** What keeps being slow is told again this often. */
const toldEveryUs = 30_000_000;

/** The runs that were found too long, of the latest ones. */
export interface SlowRuns {
  readonly medianUs: number;
  readonly longestUs: number;
  readonly runCount: number;
}

/**
 * Looks at how long runs hold the event loop, and tells when they do so for too long: when half of the latest
 * 32, past the first 128, took more than 100 µs, or three of the latest 32 more than 10 ms. Single long runs are no reason: on a busy
 * machine the system takes the core away in the middle of a run.
 */
export class RunWatch {
  readonly #runsUs = new Float64Array(windowSize);
  #count = 0;
  #slowCount = 0;
  #longCount = 0;
  #quietUntilUs = -Infinity;

  /** The runs that make it say so, at most once in 30 s. */
  observe(runUs: number, nowUs: number): SlowRuns | undefined {
    const at = this.#count % windowSize;
    if (this.#count >= windowSize) this.#add(this.#runsUs[at] ?? 0, -1);
    this.#runsUs[at] = runUs;
    this.#count++;
    this.#add(runUs, 1);
    const warm = this.#count > warmUpCount;
    const slow = (warm && 2 * this.#slowCount >= windowSize) || this.#longCount >= longRunsMax;
    if (!slow || nowUs < this.#quietUntilUs) return undefined;
    this.#quietUntilUs = nowUs + toldEveryUs;
    const runCount = Math.min(this.#count, windowSize);
    const sorted = this.#runsUs.slice(0, runCount).sort();
    return { medianUs: sorted[runCount >> 1] ?? 0, longestUs: sorted[runCount - 1] ?? 0, runCount };
  }

  #add(runUs: number, change: 1 | -1): void {
    if (runUs > inlineRunUsMax) this.#slowCount += change;
    if (runUs > longRunUs) this.#longCount += change;
  }
}
