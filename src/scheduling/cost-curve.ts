/** What runs of about so many rows took. */
interface Point {
  rows: number;
  runUs: number;
  seen: number;
}

/** How much of a point's estimate the latest run makes, once some were seen. */
const weight = 0.15;

/** A run is believed to be at most so many times slower than usual: one that was interrupted says little. */
const outlier = 3;

/** So few runs are taken back by one of half their time. */
const fewSeen = 8;

/** No run is believed to take longer: some three hours. */
const longestUs = 1e10;

/** Runs between two fits of the line. */
const fitEvery = 16;

/** A point counts in the fit as this many runs at most, so that a size seldom run has its say. */
const seenMax = 32;

/**
 * Learns what a run costs by its number of rows: an average for each size (sizes above 16 share points)
 * and a line through them, fixedUs + rows * rowUs, for sizes that were not seen. All figures are finite,
 * none is negative, and there are at most 96 points.
 */
export class CostCurve {
  readonly #points: (Point | undefined)[] = [];
  #runCount = 0;
  #fixedUs = 0;
  #rowUs = 0;

  /** Runs that were learnt from. */
  get runCount(): number {
    return this.#runCount;
  }

  /** What a run costs beside its rows. */
  get fixedUs(): number {
    return this.#fixedUs;
  }

  get rowUs(): number {
    return this.#rowUs;
  }

  observe(rows: number, runUs: number): void {
    const tookUs = Math.min(runUs, longestUs);
    const at = pointOf(rows);
    const point = this.#points[at];
    if (point === undefined) this.#points[at] = { rows, runUs: tookUs, seen: 1 };
    else {
      const believedUs = Math.min(tookUs, (point.runUs + 1) * outlier);
      // A run can be slow by accident, as the first one is, but not fast.
      const isFast = tookUs < point.runUs / 2;
      const share = isFast ? (point.seen < fewSeen ? 1 : 0.5) : Math.max(weight, 1 / (point.seen + 1));
      point.runUs += share * (believedUs - point.runUs);
      point.rows += share * (rows - point.rows);
      point.seen = Math.min(seenMax, point.seen + 1);
    }
    if (this.#runCount++ < fitEvery || this.#runCount % fitEvery === 0) this.#fit();
  }

  /** The expected run time. */
  at(rows: number): number {
    const point = this.#points[pointOf(rows)];
    const line = this.#fixedUs + rows * this.#rowUs;
    if (point === undefined) return line;
    return point.runUs + (rows - point.rows) * this.#rowUs;
  }

  toPoints(): { rows: number; runUs: number }[] {
    return this.#points.flatMap((point) =>
      point === undefined ? [] : [{ rows: Math.round(point.rows), runUs: Math.round(point.runUs) }],
    );
  }

  /**
   * Least squares, with neither part negative. Relative errors count, for a run's noise grows with it: so a
   * point weighs by the inverse square of its time. With one size only, none of its time counts as rows': what waiting
   * is worth is learnt by waiting, where company is known to come.
   */
  #fit(): void {
    const points = this.#points.filter((point) => point !== undefined);
    let sum = 0;
    let rowsSum = 0;
    let usSum = 0;
    for (const point of points) {
      const share = shareOf(point);
      sum += share;
      rowsSum += share * point.rows;
      usSum += share * point.runUs;
    }
    const meanRows = rowsSum / sum;
    const meanUs = usSum / sum;
    let square = 0;
    let product = 0;
    for (const point of points) {
      const share = shareOf(point);
      square += share * (point.rows - meanRows) ** 2;
      product += share * (point.rows - meanRows) * (point.runUs - meanUs);
    }
    const rowUs = square > 0 ? product / square : 0;
    this.#rowUs = Math.min(Math.max(0, rowUs), meanUs / meanRows);
    this.#fixedUs = Math.max(0, meanUs - this.#rowUs * meanRows);
  }
}

function shareOf(point: Point): number {
  return point.seen / (point.runUs + 1) ** 2;
}

/** Every size up to 16 has a point of its own, larger ones four to each doubling. */
function pointOf(rows: number): number {
  if (rows <= 16) return rows;
  const exponent = Math.min(30, 31 - Math.clz32(rows));
  return 16 + (exponent - 4) * 4 + ((rows >> (exponent - 2)) & 3) + 1;
}
