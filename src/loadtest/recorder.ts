/** Steps per power of two: a recorded time is told with an error of at most 1/128 upwards. */
const steps = 128;
const largestUs = 2 ** 31 - 1;
const bucketCount = bucketOf(largestUs) + 1;

/** What a recorder holds, in a form that processes can send each other. */
export interface RecorderData {
  readonly counts: Float64Array;
  readonly sumUs: number;
  readonly maxUs: number;
}

/**
 * Counts latencies in buckets that widen with the value, as an HDR histogram does. Bound: 25 KiB,
 * however much is recorded. Promise: a quantile is never below the exact one, and at most 1/128 above
 * it; below 256 µs, and for the maximum, it is exact. Times over 2^31 µs count as that.
 */
export class Recorder {
  readonly #counts = new Float64Array(bucketCount);
  #count = 0;
  #sumUs = 0;
  #maxUs = 0;

  get count(): number {
    return this.#count;
  }

  get maxUs(): number {
    return this.#maxUs;
  }

  get meanUs(): number {
    return this.#count === 0 ? 0 : this.#sumUs / this.#count;
  }

  get data(): RecorderData {
    return { counts: this.#counts, sumUs: this.#sumUs, maxUs: this.#maxUs };
  }

  record(us: number): void {
    const whole = Math.min(largestUs, Math.max(0, Math.round(us)));
    const bucket = bucketOf(whole);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count++;
    this.#sumUs += whole;
    if (whole > this.#maxUs) this.#maxUs = whole;
  }

  add(other: RecorderData): void {
    for (const [bucket, count] of other.counts.entries()) {
      if (count === 0) continue;
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
      this.#count += count;
    }
    this.#sumUs += other.sumUs;
    this.#maxUs = Math.max(this.#maxUs, other.maxUs);
  }

  /** The time that the given share of all calls did not exceed; 0 when nothing was recorded. */
  quantileUs(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (const [bucket, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= rank) return Math.min(this.#maxUs, highestOf(bucket));
    }
    return this.#maxUs;
  }
}

function bucketOf(us: number): number {
  const shift = shiftOf(us);
  return shift * steps + (us >>> shift);
}

/** Low bits that a value of this size loses. */
function shiftOf(us: number): number {
  return Math.max(0, 24 - Math.clz32(us));
}

function highestOf(bucket: number): number {
  const shift = Math.max(0, Math.floor(bucket / steps) - 1);
  return (bucket - shift * steps + 1) * 2 ** shift - 1;
}
