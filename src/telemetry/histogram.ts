import type { Sample } from './metrics.js';

/** How many observations fell where; `counts` has one more than `bounds`, for what is beyond the last. */
export interface HistogramCounts {
  /** Ascending; a bound belongs to the bucket below it. */
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
}

const leastUs = 32;
const bucketCount = 21;
const mostUs = leastUs * 2 ** bucketCount;

/** In seconds: 32 µs and its doubles, up to 34 s. */
const boundsSecs = Array.from({ length: bucketCount }, (_, index) => (leastUs * 2 ** index) / 1e6);

/** Counts durations in buckets of powers of two. An observation is a few additions and makes no object. */
export class DurationHistogram {
  readonly #counts = new Float64Array(bucketCount + 1);
  #sumUs = 0;

  /** One below zero, by two threads' stamps, counts as zero. */
  observe(durationUs: number): void {
    if (durationUs <= leastUs) {
      add(this.#counts, 0);
    } else {
      const above = Math.ceil(Math.min(durationUs, mostUs) / leastUs) - 1;
      add(this.#counts, 32 - Math.clz32(above));
    }
    if (durationUs > 0) this.#sumUs += durationUs;
  }

  /** In seconds. */
  get counts(): HistogramCounts {
    return { bounds: boundsSecs, counts: [...this.#counts], sum: this.#sumUs / 1e6 };
  }
}

/** Counts values in buckets that somebody chose. */
export class ValueHistogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    // What is beyond the last one is counted in any case.
    this.#bounds = [...new Set(bounds)].filter((bound) => bound < Infinity).sort((a, b) => a - b);
    this.#counts = new Float64Array(this.#bounds.length + 1);
  }

  /** `times` is how often the value was seen. */
  observe(value: number, times = 1): void {
    let index = 0;
    while (index < this.#bounds.length && value > (this.#bounds[index] ?? 0)) index++;
    this.#counts[index] = (this.#counts[index] ?? 0) + times;
    this.#sum += value * times;
  }

  get counts(): HistogramCounts {
    return { bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum };
  }
}

/** Both together; `a` alone where their bounds differ. */
export function addCounts(a: HistogramCounts, b: HistogramCounts | undefined): HistogramCounts {
  if (b === undefined || a.bounds.join() !== b.bounds.join()) return a;
  return {
    bounds: a.bounds,
    counts: a.counts.map((count, index) => count + (b.counts[index] ?? 0)),
    sum: a.sum + b.sum,
  };
}

/** A histogram's series: cumulative buckets, sum and count. */
export function histogramSamples(
  { bounds, counts, sum }: HistogramCounts,
  labels: Readonly<Record<string, string>>,
): Sample[] {
  let total = 0;
  const buckets = counts.map((count, index): Sample => {
    total += count;
    const bound = bounds[index];
    const le = bound === undefined ? '+Inf' : String(bound);
    return { labels: { ...labels, le }, value: total, suffix: '_bucket' };
  });
  return [...buckets, { labels, value: sum, suffix: '_sum' }, { labels, value: total, suffix: '_count' }];
}

function add(counts: Float64Array, index: number): void {
  counts[index] = (counts[index] ?? 0) + 1;
}
