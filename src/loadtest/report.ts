import type { LoadResult } from './load.js';
import { Recorder } from './recorder.js';

/** The figures of a load, as they are printed and stored. */
export interface LoadFigures {
  readonly requests: number;
  readonly failed: number;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p95Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

export function toFigures(result: LoadResult): LoadFigures {
  const latency = new Recorder();
  latency.add(result.latency);
  const seconds = result.elapsedMs / 1000;
  return {
    requests: result.answeredCount,
    failed: result.failedCount,
    requestsPerSecond: seconds === 0 ? 0 : result.answeredCount / seconds,
    p50Us: latency.quantileUs(0.5),
    p95Us: latency.quantileUs(0.95),
    p99Us: latency.quantileUs(0.99),
    maxUs: latency.maxUs,
  };
}

/** The figures as cells of a text table, under `figureHeads`. */
export function figureCells(figures: LoadFigures): string[] {
  const { requests, failed, requestsPerSecond, p50Us, p95Us, p99Us, maxUs } = figures;
  return [
    String(requests),
    String(failed),
    requestsPerSecond.toFixed(requestsPerSecond < 100 ? 1 : 0),
    ...[p50Us, p95Us, p99Us, maxUs].map((us) => (us / 1000).toFixed(2)),
  ];
}

export const figureHeads = ['requests', 'failed', 'req/s', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'];

/** Rows under a head, in columns: text to the left, numbers to the right. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const rightwards = head.map((_, column) => rows.every((row) => /^[\d.×-]*$/.test(row[column] ?? '')));
  const print = (row: readonly string[]): string =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? '';
        return rightwards[column] === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [print(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(print)].join('\n');
}
