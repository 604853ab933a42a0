import { closeReasons } from './batcher.js';
import type { BatchingTotals } from './batching-report.js';

/** A number for a person: three digits, or all before the point. */
export function figure(value: number): string {
  return String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}

/** Why batches were closed, the most frequent reason first: `full 80 %, delay-over 20 %`. */
export function describeClosed({ batches, closed }: BatchingTotals): string {
  return closeReasons
    .filter((reason) => closed[reason] > 0)
    .toSorted((a, b) => closed[b] - closed[a])
    .map((reason) => `${reason} ${percent(closed[reason] / batches)}`)
    .join(', ');
}

function percent(share: number): string {
  return share < 0.005 ? '< 1 %' : `${Math.round(100 * share)} %`;
}
