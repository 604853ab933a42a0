/** The time after which an arrival counts a third. */
const memoryUs = 500_000;

/** A rate is not told from less. */
const leastUs = 20_000;

/** How much of the mean the latest arrival makes. */
const weight = 0.05;

/** How many rows arrive in a second, of late, and how many an arrival brings; both are finite. */
export class ArrivalRate {
  #remembered = 0;
  #sinceUs: number | undefined;
  #untilUs = 0;
  #meanRows = 1;

  get meanRows(): number {
    return this.#meanRows;
  }

  arrived(nowUs: number, rows: number): void {
    this.#sinceUs ??= nowUs;
    const passedUs = nowUs - this.#untilUs;
    if (passedUs > 0) {
      this.#remembered *= Math.exp(-passedUs / memoryUs);
      this.#untilUs = nowUs;
    }
    this.#remembered += rows;
    this.#meanRows += weight * (Math.max(1, rows) - this.#meanRows);
  }

  perSec(nowUs: number): number {
    if (this.#sinceUs === undefined) return 0;
    const passedUs = Math.max(0, nowUs - this.#untilUs);
    const watchedUs = Math.max(leastUs, nowUs - this.#sinceUs);
    const perMemory =
      (this.#remembered * Math.exp(-passedUs / memoryUs)) / (1 - Math.exp(-watchedUs / memoryUs));
    return (perMemory * 1e6) / memoryUs;
  }
}
