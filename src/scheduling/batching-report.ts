import { closeReasons, type BatcherMode, type CloseReason, type Pull } from './batcher.js';
import type { TunerState } from './delay-tuner.js';

/** What a batcher has done since its model was loaded. */
export interface BatchingTotals {
  /** Requests that were let in. */
  readonly requests: number;
  /** For each of them, how many waited or ran when it came, itself among them: the sum. */
  readonly inSystem: number;
  /** Batches that were closed, and what was in them. */
  readonly batches: number;
  readonly batchedRequests: number;
  readonly batchedRows: number;
  readonly closed: Readonly<Record<CloseReason, number>>;
}

/** What the batcher of one model version does, for logs, metrics and whoever asks why nothing is batched. */
export interface BatchingReport extends BatchingTotals {
  readonly mode: BatcherMode;
  readonly atUs: number;
  /** Requests that wait for an instance, and those that are with one. */
  readonly waiting: number;
  readonly running: number;
  /** Instances that could run a batch. */
  readonly instanceCount: number;
  /** What an adaptive batcher has learnt. */
  readonly learnt: TunerState | undefined;
}

/** Samples of a batch on average; 0 when none was closed. */
export function rowsPerBatch({ batches, batchedRows }: BatchingTotals): number {
  return batches === 0 ? 0 : batchedRows / batches;
}

/** Requests of a batch on average; 0 when none was closed. */
export function requestsPerBatch({ batches, batchedRequests }: BatchingTotals): number {
  return batches === 0 ? 0 : batchedRequests / batches;
}

/** How many requests were here when one came, itself among them, on average; 0 when none came. */
export function meanInSystem({ requests, inSystem }: BatchingTotals): number {
  return requests === 0 ? 0 : inSystem / requests;
}

/** What was done between two reports. */
export function totalsBetween(before: BatchingTotals, after: BatchingTotals): BatchingTotals {
  const closed = noneClosed();
  for (const reason of closeReasons) closed[reason] = after.closed[reason] - before.closed[reason];
  return {
    requests: after.requests - before.requests,
    inSystem: after.inSystem - before.inSystem,
    batches: after.batches - before.batches,
    batchedRequests: after.batchedRequests - before.batchedRequests,
    batchedRows: after.batchedRows - before.batchedRows,
    closed,
  };
}

/** What was done in two lives of a batcher. */
export function addBatchingTotals(a: BatchingTotals, b: BatchingTotals): BatchingTotals {
  const closed = noneClosed();
  for (const reason of closeReasons) closed[reason] = a.closed[reason] + b.closed[reason];
  return {
    requests: a.requests + b.requests,
    inSystem: a.inSystem + b.inSystem,
    batches: a.batches + b.batches,
    batchedRequests: a.batchedRequests + b.batchedRequests,
    batchedRows: a.batchedRows + b.batchedRows,
    closed,
  };
}

/** Counts what a batcher does, in plain numbers. */
export class BatchingCounts {
  #requests = 0;
  #inSystem = 0;
  #batches = 0;
  #batchedRequests = 0;
  #batchedRows = 0;
  readonly closed = noneClosed();

  /** A request was let in; `inSystem` counts those that wait or run, itself too. */
  arrived(inSystem: number): void {
    this.#requests++;
    this.#inSystem += inSystem;
  }

  pulled({ runs, closed }: Extract<Pull, { kind: 'runs' }>): void {
    this.closed[closed] += runs.length;
    this.#batches += runs.length;
    for (const entries of runs) {
      this.#batchedRequests += entries.length;
      for (const { rows } of entries) this.#batchedRows += rows;
    }
  }

  get totals(): BatchingTotals {
    return {
      requests: this.#requests,
      inSystem: this.#inSystem,
      batches: this.#batches,
      batchedRequests: this.#batchedRequests,
      batchedRows: this.#batchedRows,
      closed: { ...this.closed },
    };
  }
}

/** Every reason with the count 0. */
function noneClosed(): Record<CloseReason, number> {
  return Object.fromEntries(closeReasons.map((reason) => [reason, 0])) as Record<CloseReason, number>;
}
