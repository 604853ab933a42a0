import { formatTable } from '../../src/loadtest/report.js';
import type { InferenceMeasurement } from './measure.js';

const heads = [
  'cell',
  'c',
  'client',
  'server',
  'req/s',
  'failed',
  'p50 ms',
  'p99 ms',
  'CPU-s/1000',
  'batch',
  'beside run µs',
  'loop p99 ms',
  'loop max ms',
  'RSS MiB',
  'peak MiB',
];

/** One row for each cell, tool and server; what is unknown is empty. */
export function inferenceTable(measurements: readonly InferenceMeasurement[]): string {
  const rows = measurements.map((one) => {
    const { figures } = one;
    return [
      one.payload,
      String(one.concurrency),
      one.client,
      one.subject,
      figures.requestsPerSecond.toFixed(figures.requestsPerSecond < 100 ? 1 : 0),
      String(figures.failed),
      (figures.p50Us / 1000).toFixed(2),
      (figures.p99Us / 1000).toFixed(2),
      one.serverCpuSecondsPer1000.toFixed(4),
      one.averageBatch?.toFixed(1) ?? '',
      one.overheadUs?.toFixed(0) ?? '',
      (one.loopP99Us / 1000).toFixed(1),
      (one.loopMaxUs / 1000).toFixed(1),
      one.serverResidentMiB.toFixed(0),
      one.peakMiB.toFixed(0),
    ];
  });
  return formatTable(heads, rows);
}
