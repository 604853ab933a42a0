/** A quantile that is wanted, and by which share of all ranks its answer may be wrong. */
export interface Quantile {
  readonly quantile: number;
  readonly error: number;
}

/**
 * Quantiles of a stream of values in little memory, by Cormode, Korn, Muthukrishnan and Srivastava (2005): of every
 * value that is kept it is known between which ranks it lies, finely where a quantile is wanted and coarsely
 * elsewhere. Promise: the rank of an answer is off by at most the quantile's error.
 */
export class QuantileSketch {
  readonly #quantiles: readonly Quantile[];
  /** Ascending. The value before has a rank less by at least `gaps` of this one. */
  #values: number[] = [];
  #gaps: number[] = [];
  /** How much higher its rank may be. */
  #spreads: number[] = [];
  #count = 0;

  constructor(quantiles: readonly Quantile[]) {
    this.#quantiles = quantiles;
  }

  /** How many values are kept, for those who care for memory. */
  get keptCount(): number {
    return this.#values.length;
  }

  /** Takes in values that are in ascending order. */
  add(sorted: Float64Array): void {
    const [values, gaps, spreads]: [number[], number[], number[]] = [[], [], []];
    let kept = 0;
    let rank = 0;
    const keep = (): void => {
      rank += this.#gaps[kept] ?? 0;
      values.push(this.#values[kept] ?? 0);
      gaps.push(this.#gaps[kept] ?? 0);
      spreads.push(this.#spreads[kept] ?? 0);
      kept++;
    };
    for (const value of sorted) {
      while (kept < this.#values.length && (this.#values[kept] ?? 0) < value) keep();
      // The smallest and the largest value are always known exactly.
      const atEnd = values.length === 0 || kept === this.#values.length;
      values.push(value);
      gaps.push(1);
      spreads.push(atEnd ? 0 : Math.max(0, Math.floor(this.#allowed(rank)) - 1));
      this.#count++;
      rank++;
    }
    while (kept < this.#values.length) keep();
    [this.#values, this.#gaps, this.#spreads] = [values, gaps, spreads];
    this.#compress();
  }

  /** The value at a quantile; NaN when nothing was taken in. */
  read(quantile: number): number {
    const wanted = Math.ceil(quantile * this.#count);
    const limit = wanted + this.#allowed(wanted) / 2;
    let rank = 0;
    for (const [index, value] of this.#values.entries()) {
      rank += this.#gaps[index] ?? 0;
      const nextHighest = rank + (this.#gaps[index + 1] ?? 0) + (this.#spreads[index + 1] ?? 0);
      if (index === this.#values.length - 1 || nextHighest > limit) return value;
    }
    return NaN;
  }

  /** Between how many ranks a value near this rank may lie. */
  #allowed(rank: number): number {
    let least = Infinity;
    for (const { quantile, error } of this.#quantiles) {
      const below = rank < quantile * this.#count;
      const ranks = below
        ? (2 * error * (this.#count - rank)) / (1 - quantile)
        : (2 * error * rank) / quantile;
      least = Math.min(least, ranks);
    }
    return least;
  }

  /** Lets each value stand for those before it, where that tells enough. */
  #compress(): void {
    const { length } = this.#values;
    if (length < 3) return;
    const [values, gaps, spreads]: [number[], number[], number[]] = [[], [], []];
    let rank = 0;
    let open = 0;
    for (let index = 0; index < length; index++) {
      const gap = (this.#gaps[index] ?? 0) + open;
      const next = index + 1;
      const joined = gap + (this.#gaps[next] ?? 0) + (this.#spreads[next] ?? 0);
      if (index > 0 && next < length && joined <= this.#allowed(rank)) {
        open = gap;
        continue;
      }
      open = 0;
      rank += gap;
      values.push(this.#values[index] ?? 0);
      gaps.push(gap);
      spreads.push(this.#spreads[index] ?? 0);
    }
    [this.#values, this.#gaps, this.#spreads] = [values, gaps, spreads];
  }
}
