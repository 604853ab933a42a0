/** The time after which an arrival counts a third. */
const memoryUs = 500_000;

/** How many rows arrive in a second, of late, and how many an arrival brings. */
export class ArrivalRate {
  #remembered = 0;
  #untilUs = 0;
  #meanRows = 1;

  get meanRows(): number {
    return this.#meanRows;
  }

  arrived(nowUs: number, rows: number): void {
    const passedUs = nowUs - this.#untilUs;
    if (passedUs > 0) {
      this.#remembered *= Math.exp(-passedUs / memoryUs);
      this.#untilUs = nowUs;
    }
    this.#remembered += rows;
    this.#meanRows += 0.05 * (rows - this.#meanRows);
  }

  perSec(nowUs: number): number {
    const passedUs = Math.max(0, nowUs - this.#untilUs);
    return (this.#remembered * Math.exp(-passedUs / memoryUs) * 1e6) / memoryUs;
  }
}
