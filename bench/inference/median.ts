import type { LoadFigures } from '../../src/loadtest/report.js';

/** The value in the middle; of an even number the upper one; 0 of none. */
export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** The median of those that are known. */
export function medianOfKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : medianOf(known);
}

/** The rounds of a cell as one: counts in sum, the largest maximum, medians of everything else. */
export function mergeFigures(rounds: readonly LoadFigures[]): LoadFigures {
  const middle = (of: (figures: LoadFigures) => number): number => medianOf(rounds.map(of));
  return {
    requests: rounds.reduce((sum, one) => sum + one.requests, 0),
    failed: rounds.reduce((sum, one) => sum + one.failed, 0),
    requestsPerSecond: middle((one) => one.requestsPerSecond),
    p50Us: middle((one) => one.p50Us),
    p95Us: middle((one) => one.p95Us),
    p99Us: middle((one) => one.p99Us),
    maxUs: Math.max(...rounds.map((one) => one.maxUs)),
  };
}
