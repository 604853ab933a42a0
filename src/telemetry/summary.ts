import type { Sample } from './metrics.js';
import { QuantileSketch, type Quantile } from './quantile-sketch.js';

/** How long a value counts for the quantiles, and in how many steps it ages: those of prometheus-cpp. */
const windowMs = 60_000;
const sketchCount = 5;

/** Values that wait for the sketches, which take many at once for little. */
const bufferLength = 512;

/** Values between two looks at the clock. */
const clockEvery = 64;

/**
 * The number and sum of all values, and quantiles of those of the last minute (48 to 60 s). Each of five
 * sketches began twelve seconds after the one before; the oldest answers, and begins anew when its minute is over.
 */
export class Summary {
  readonly #quantiles: readonly Quantile[];
  readonly #nowMs: () => number;
  readonly #sketches: QuantileSketch[];
  readonly #waiting = new Float64Array(bufferLength);
  #waitingCount = 0;
  #renewAtMs: number;
  #count = 0;
  #sum = 0;

  constructor(quantiles: readonly Quantile[], nowMs: () => number) {
    this.#quantiles = quantiles;
    this.#nowMs = nowMs;
    this.#sketches = Array.from({ length: sketchCount }, () => new QuantileSketch(quantiles));
    this.#renewAtMs = nowMs() + windowMs / sketchCount;
  }

  observe(value: number): void {
    if (this.#waitingCount % clockEvery === 0 && this.#nowMs() >= this.#renewAtMs) this.#settle();
    this.#count++;
    this.#sum += value;
    this.#waiting[this.#waitingCount++] = value;
    if (this.#waitingCount === bufferLength) this.#settle();
  }

  samples(labels: Readonly<Record<string, string>>): Sample[] {
    this.#settle();
    const oldest = this.#sketches[0];
    return [
      ...this.#quantiles.map(({ quantile }) => ({
        labels: { ...labels, quantile: String(quantile) },
        value: oldest?.read(quantile) ?? NaN,
      })),
      { labels, value: this.#sum, suffix: '_sum' },
      { labels, value: this.#count, suffix: '_count' },
    ];
  }

  #settle(): void {
    if (this.#waitingCount > 0) {
      const sorted = this.#waiting.slice(0, this.#waitingCount).sort();
      this.#waitingCount = 0;
      for (const sketch of this.#sketches) sketch.add(sorted);
    }
    const nowMs = this.#nowMs();
    // After a long rest every one of them is renewed once, and no more.
    for (let left = sketchCount; left > 0 && nowMs >= this.#renewAtMs; left--) {
      this.#sketches.shift();
      this.#sketches.push(new QuantileSketch(this.#quantiles));
      this.#renewAtMs += windowMs / sketchCount;
    }
    if (nowMs >= this.#renewAtMs) this.#renewAtMs = nowMs + windowMs / sketchCount;
  }
}
