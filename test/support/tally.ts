import type { Recorder } from '../../src/scheduling/recorder.js';

/** A recorder that counts. */
export interface Tally extends Recorder {
  /** By `success` and the reasons of failures. */
  readonly counts: Record<string, number>;
  /** The samples of each run. */
  readonly runs: number[];
  successRows: number;
  readonly refusals: readonly string[];
  /** How long each failed request was here. */
  readonly failedUs: number[];
}

export function newTally(): Tally {
  const counts: Record<string, number> = {};
  const count = (what: string): void => void (counts[what] = (counts[what] ?? 0) + 1);
  const refusals: string[] = [];
  return {
    counts,
    runs: [],
    successRows: 0,
    failedUs: [],
    recordRun(rows) {
      this.runs.push(rows);
    },
    recordSuccess({ rows }) {
      this.successRows += rows;
      count('success');
    },
    recordFailure(reason, durationUs) {
      this.failedUs.push(durationUs);
      count(reason);
    },
    recordRefusal(reason) {
      refusals.push(reason);
    },
    refusals,
  };
}
