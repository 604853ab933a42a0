/** A number of durations and what they sum up to. */
export interface DurationTotal {
  readonly count: number;
  readonly ns: bigint;
}

const nsPerSecond = 1_000_000_000;

/**
 * Sums durations to the nanosecond for as long as a server runs. A plain number of nanoseconds is exact for
 * 104 days, which a thousand requests that wait at once sum up to in two and a half hours; so whole seconds
 * and what is beyond them are kept apart. Adding makes no object.
 */
export class DurationSum {
  #count = 0;
  #seconds = 0;
  /** Below a second. */
  #restNs = 0;

  /** Adds a duration of up to 104 days, rounded to whole nanoseconds; one below zero, by two threads' stamps, counts as zero. */
  add(durationUs: number): void {
    this.#count++;
    const restNs = this.#restNs + Math.max(0, Math.round(durationUs * 1000));
    if (restNs < nsPerSecond) {
      this.#restNs = restNs;
      return;
    }
    const seconds = Math.floor(restNs / nsPerSecond);
    this.#seconds += seconds;
    this.#restNs = restNs - seconds * nsPerSecond;
  }

  get total(): DurationTotal {
    return { count: this.#count, ns: BigInt(this.#seconds) * BigInt(nsPerSecond) + BigInt(this.#restNs) };
  }
}

/** All of some durations together. */
export function sumTotals(totals: readonly DurationTotal[]): DurationTotal {
  return {
    count: totals.reduce((sum, { count }) => sum + count, 0),
    ns: totals.reduce((sum, { ns }) => sum + ns, 0n),
  };
}
