import type { FailureReason } from '../inference/error.js';
import type { RunTimings } from '../inference/timings.js';

/** Where a scheduler reports what became of the requests that it accepted, each once. */
export interface Recorder {
  /** A batch of so many samples ran, and not all of its requests failed. */
  recordRun(rows: number, run: RunTimings): void;
  recordSuccess(
    request: { readonly rows: number; readonly startUs: number; readonly enqueuedUs: number },
    run: RunTimings,
  ): void;
  recordFailure(reason: FailureReason, durationUs: number): void;
}
