/** The time that the runs of one hand-off shall take together: little beside what a caller notices. */
const handOffUs = 300;

/** The most runs of one hand-off, however short they are. */
const runsMax = 16;

/** How much of the estimate the latest hand-off makes. */
const weight = 0.2;

/**
 * How many runs are handed to an instance at once. A crossing between threads costs about as much as a
 * short run, so short runs cross together; a run of which only few fit into `handOffUs` crosses alone, as
 * does every run until the first one was measured. What crosses together is answered together.
 */
export class HandOffSize {
  #runUs: number | undefined;

  /** The most runs for one of `idleCount` idle instances while `waiting` entries wait. */
  most(waiting: number, idleCount: number): number {
    if (this.#runUs === undefined) return 1;
    const fitting = Math.min(runsMax, Math.floor(handOffUs / this.#runUs));
    return Math.max(1, Math.min(fitting, Math.ceil(waiting / Math.max(1, idleCount))));
  }

  observe(runCount: number, tookUs: number): void {
    const runUs = Math.max(1, tookUs / runCount);
    this.#runUs = this.#runUs === undefined ? runUs : this.#runUs + weight * (runUs - this.#runUs);
  }
}
