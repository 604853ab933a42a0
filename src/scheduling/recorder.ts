import type { FailureReason, RefusalReason } from '../inference/error.js';
import type { RunTimings } from '../inference/timings.js';

/** What is counted of a request. */
export interface CountedRequest {
  /** Its samples; 1 where the model does not batch. */
  readonly rows: number;
  readonly startUs: number;
  readonly enqueuedUs: number;
}

/** Where a scheduler reports what became of the requests that it accepted, each once. */
export interface Recorder {
  /** A batch of so many samples ran, and not all of its requests failed. */
  recordRun(rows: number, run: RunTimings): void;
  recordSuccess(request: CountedRequest, run: RunTimings): void;
  recordFailure(reason: FailureReason, durationUs: number): void;
  /** A request got no run; one that had been accepted is recorded as failed too. */
  recordRefusal(reason: RefusalReason): void;
}
