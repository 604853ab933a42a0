/** How much of the estimate the latest run makes. */
const weight = 0.05;

/** Before so many runs nothing is expected. */
const runsToLearn = 100;

/** A wait must be this much longer than the time that is left before it counts as hopeless. */
const certainty = 1.5;

/**
 * How long what waits will take, learnt from how long runs take. It is a lower bound: what waits is taken to
 * run in the largest batches that are allowed. So it refuses nothing that might have been in time, and under
 * overload, when batches are full, it is close.
 */
export class ExpectedWait {
  #runUs = 0;
  #runCount = 0;

  observe(runUs: number): void {
    this.#runUs += (this.#runCount === 0 ? 1 : weight) * (runUs - this.#runUs);
    this.#runCount++;
  }

  /** Whether something with `runsBefore` runs before it, on so many instances, cannot begin in the time that it has left. */
  hopeless(leftUs: number, runsBefore: number, instanceCount: number): boolean {
    if (leftUs === Infinity || this.#runCount < runsToLearn) return false;
    return (runsBefore * this.#runUs) / Math.max(1, instanceCount) > certainty * leftUs;
  }
}
