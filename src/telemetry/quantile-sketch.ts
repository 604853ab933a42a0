/** A quantile that is wanted, and by which share of all ranks its answer may be wrong. */
export interface Quantile {
  readonly quantile: number;
  readonly error: number;
}

/** Values in ascending order, and what is known of the rank of each. */
interface Column {
  values: Float64Array;
  /** By how much its rank is above that of the value before, at least. */
  gaps: Float64Array;
  /** How much higher it may be. */
  spreads: Float64Array;
}

/** Where portions are taken in before they are compressed: one for all sketches, for nothing waits in between. */
const scratch: Column = newColumn(4096);

/**
 * Quantiles of a stream of values in little memory, by Cormode, Korn, Muthukrishnan and Srivastava (2005): of every
 * value that is kept it is known between which ranks it lies, finely where a quantile is wanted and coarsely
 * elsewhere. Promise: the rank of an answer is off by at most the quantile's error.
 */
export class QuantileSketch {
  readonly #quantiles: readonly Quantile[];
  readonly #kept: Column = newColumn(256);
  #length = 0;
  #count = 0;

  constructor(quantiles: readonly Quantile[]) {
    this.#quantiles = quantiles;
  }

  /** How many values are kept, for those who care for memory. */
  get keptCount(): number {
    return this.#length;
  }

  /** Takes in values that are in ascending order. */
  add(sorted: Float64Array): void {
    grow(scratch, this.#length + sorted.length);
    const { values, gaps } = this.#kept;
    let at = 0;
    let kept = 0;
    let rank = 0;
    for (const value of sorted) {
      while (kept < this.#length && (values[kept] ?? 0) < value) {
        rank += gaps[kept] ?? 0;
        put(scratch, at++, this.#kept, kept++);
      }
      // The smallest and the largest value are always known exactly.
      const atEnd = at === 0 || kept === this.#length;
      scratch.values[at] = value;
      scratch.gaps[at] = 1;
      scratch.spreads[at++] = atEnd ? 0 : Math.max(0, Math.floor(this.#allowed(rank)) - 1);
      this.#count++;
      rank++;
    }
    while (kept < this.#length) put(scratch, at++, this.#kept, kept++);
    this.#compress(at);
  }

  /** The value at a quantile; NaN when nothing was taken in. */
  read(quantile: number): number {
    const { values, gaps, spreads } = this.#kept;
    const wanted = Math.ceil(quantile * this.#count);
    const limit = wanted + this.#allowed(wanted) / 2;
    let rank = 0;
    for (let index = 0; index < this.#length; index++) {
      rank += gaps[index] ?? 0;
      const nextHighest = rank + (gaps[index + 1] ?? 0) + (spreads[index + 1] ?? 0);
      if (index === this.#length - 1 || nextHighest > limit) return values[index] ?? NaN;
    }
    return NaN;
  }

  /** Between how many ranks a value near this rank may lie. */
  #allowed(rank: number): number {
    const count = this.#count;
    let least = Infinity;
    for (const { quantile, error } of this.#quantiles) {
      const ranks =
        rank < quantile * count
          ? (2 * error * (count - rank)) / (1 - quantile)
          : (2 * error * rank) / quantile;
      if (ranks < least) least = ranks;
    }
    return least;
  }

  /** Keeps of what was taken in, and lets each value stand for those before it, where that tells enough. */
  #compress(length: number): void {
    const { gaps, spreads } = scratch;
    grow(this.#kept, length);
    let kept = 0;
    let rank = 0;
    let open = 0;
    for (let index = 0; index < length; index++) {
      const gap = (gaps[index] ?? 0) + open;
      const next = index + 1;
      if (index > 0 && next < length) {
        const joined = gap + (gaps[next] ?? 0) + (spreads[next] ?? 0);
        if (joined <= this.#allowed(rank)) {
          open = gap;
          continue;
        }
      }
      open = 0;
      rank += gap;
      put(this.#kept, kept, scratch, index);
      this.#kept.gaps[kept++] = gap;
    }
    this.#length = kept;
  }
}

function newColumn(length: number): Column {
  return {
    values: new Float64Array(length),
    gaps: new Float64Array(length),
    spreads: new Float64Array(length),
  };
}

/** Makes room for so many. */
function grow(column: Column, length: number): void {
  if (column.values.length >= length) return;
  const larger = newColumn(2 * length);
  larger.values.set(column.values);
  larger.gaps.set(column.gaps);
  larger.spreads.set(column.spreads);
  Object.assign(column, larger);
}

function put(to: Column, at: number, from: Column, index: number): void {
  to.values[at] = from.values[index] ?? 0;
  to.gaps[at] = from.gaps[index] ?? 0;
  to.spreads[at] = from.spreads[index] ?? 0;
}
