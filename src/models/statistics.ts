import { refusalReasons, type FailureReason, type RefusalReason } from '../inference/error.js';
import type { RunTimings } from '../inference/timings.js';
import type { CountedRequest } from '../scheduling/recorder.js';
import type { Observations } from './observations.js';
import { DurationSum, sumTotals, type DurationTotal } from './duration-sum.js';

/** What executing took, step by step: the three counts are the same. */
export interface ComputeTotals {
  readonly input: DurationTotal;
  readonly infer: DurationTotal;
  readonly output: DurationTotal;
}

/** The executions of one batch size. */
export interface BatchTotals {
  readonly batchSize: number;
  readonly compute: ComputeTotals;
}

/** What a version has done by the moment of asking. */
export interface StatisticsSnapshot {
  /** When an execution was last reported, in milliseconds since 1970; 0: never. */
  readonly lastInferenceMs: number;
  /** Samples of the requests that succeeded. */
  readonly inferenceCount: number;
  readonly executionCount: number;
  readonly success: DurationTotal;
  readonly fail: DurationTotal;
  /** What `fail` sums up. */
  readonly failures: Readonly<Record<FailureReason, DurationTotal>>;
  readonly queue: DurationTotal;
  /** Of the requests that succeeded, each charged all of its batch. */
  readonly compute: ComputeTotals;
  /** By ascending size, those that were executed. */
  readonly batches: readonly BatchTotals[];
}

/**
 * What one loaded version has done since it was loaded, by Triton's rules of counting. Recording adds plain
 * numbers and makes objects only for a batch size that was never executed before; a snapshot does the rest.
 */
export class Statistics {
  readonly #wallMs: () => number;
  #lastInferenceMs = 0;
  #inferenceCount = 0;
  #executionCount = 0;
  readonly #success = new DurationSum();
  readonly #queue = new DurationSum();
  readonly #compute = new ComputeSums();
  readonly #failures: Readonly<Record<FailureReason, DurationSum>> = {
    rejected: new DurationSum(),
    canceled: new DurationSum(),
    backend: new DurationSum(),
    other: new DurationSum(),
  };
  readonly #batches = new Map<number, ComputeSums>();

  readonly #refusals = noRefusals();
  /** What is told of durations beside their sums; nothing where nobody asks for metrics. */
  readonly observations: Observations | undefined;

  /** `wallMs` tells milliseconds since 1970, as `Date.now` does. */
  constructor(wallMs: () => number, observations?: Observations) {
    this.#wallMs = wallMs;
    this.observations = observations;
  }

  /** How many requests got no run, by reason. */
  get refusals(): Readonly<Record<RefusalReason, number>> {
    return { ...this.#refusals };
  }

  /** An executed batch of so many samples. One whose requests have all failed is not recorded. */
  recordRun(rows: number, run: RunTimings): void {
    this.#executionCount++;
    this.#lastInferenceMs = Math.max(this.#lastInferenceMs, this.#wallMs());
    let batch = this.#batches.get(rows);
    if (batch === undefined) {
      batch = new ComputeSums();
      this.#batches.set(rows, batch);
    }
    batch.add(run);
  }

  /** A request that the run has answered. */
  recordSuccess(request: CountedRequest, run: RunTimings): void {
    this.#inferenceCount += Math.max(1, request.rows);
    this.#success.add(run.endUs - request.startUs);
    this.#queue.add(run.startUs - request.enqueuedUs);
    this.#compute.add(run);
    this.observations?.observe(request, run);
  }

  /** A request that had been accepted and failed. */
  recordFailure(reason: FailureReason, durationUs: number): void {
    this.#failures[reason].add(durationUs);
  }

  /** A request that got no run; those that had been accepted are recorded as failed too. */
  recordRefusal(reason: RefusalReason): void {
    this.#refusals[reason]++;
  }

  snapshot(): StatisticsSnapshot {
    const { rejected, canceled, backend, other } = this.#failures;
    const failures = {
      rejected: rejected.total,
      canceled: canceled.total,
      backend: backend.total,
      other: other.total,
    };
    return {
      lastInferenceMs: this.#lastInferenceMs,
      inferenceCount: this.#inferenceCount,
      executionCount: this.#executionCount,
      success: this.#success.total,
      fail: sumTotals(Object.values(failures)),
      failures,
      queue: this.#queue.total,
      compute: this.#compute.totals,
      batches: [...this.#batches]
        .sort(([a], [b]) => a - b)
        .map(([batchSize, sums]) => ({ batchSize, compute: sums.totals })),
    };
  }
}

/** Every reason with the count 0. */
export function noRefusals(): Record<RefusalReason, number> {
  return Object.fromEntries(refusalReasons.map((reason) => [reason, 0])) as Record<RefusalReason, number>;
}

class ComputeSums {
  readonly #input = new DurationSum();
  readonly #infer = new DurationSum();
  readonly #output = new DurationSum();

  add({ startUs, inputEndUs, inferEndUs, endUs }: RunTimings): void {
    this.#input.add(inputEndUs - startUs);
    this.#infer.add(inferEndUs - inputEndUs);
    this.#output.add(endUs - inferEndUs);
  }

  get totals(): ComputeTotals {
    return { input: this.#input.total, infer: this.#infer.total, output: this.#output.total };
  }
}
