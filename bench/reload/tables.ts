import { formatTable } from '../../src/loadtest/report.js';
import { medianOf } from '../inference/median.js';
import { failedCount, failuresOf, type StretchRecord } from './stage.js';

const heads = ['req/s', 'requests', 'failed', 'how', 'p50 ms', 'p99 ms', 'from sent'];
const more = ['client late p99 ms', 'loop p99 ms', 'loop max ms', 'core wait %', 'RSS MiB', 'load average'];

/** A row for each name of stretches; where answers of several models are told apart, how many each gave. */
export function stretchTable(records: readonly StretchRecord[], marks: readonly string[] = []): string {
  const counts = marks.length === 0 ? [] : ['first', 'second', 'neither'].map((one) => `by the ${one}`);
  const rows = records.map((one) => [
    one.name,
    one.seconds.toFixed(1),
    (one.answered / one.seconds).toFixed(0),
    String(one.offered),
    String(failedCount(one)),
    failuresOf(one)
      .map(([text, count]) => `${count} × ${text}`)
      .join(', ') || '-',
    ms(one.p50Us),
    ms(one.p99Us),
    ms(one.sentP99Us),
    ...markCells(one, marks),
    ms(one.lateP99Us),
    ms(one.loopP99Us),
    ms(one.loopMaxUs),
    (one.coreWait * 100).toFixed(0),
    one.residentMiB.toFixed(0),
    one.loadAverage.toFixed(1),
  ]);
  return formatTable(['', 's', ...heads, ...counts, ...more], rows);
}

function markCells({ marks: counts }: StretchRecord, marks: readonly string[]): string[] {
  if (marks.length === 0) return [];
  const byMark = new Map(counts);
  const known = marks.map((mark) => byMark.get(mark) ?? 0);
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  return [...known, known.reduce((left, count) => left - count, all)].map(String);
}

function ms(us: number): string {
  return (us / 1000).toFixed(2);
}

/** How long something took each time. */
export function timesTable(times: Readonly<Record<string, readonly number[]>>): string {
  const rows = Object.entries(times).map(([name, all]) => [
    name,
    String(all.length),
    medianOf(all).toFixed(1),
    (all.toSorted((a, b) => a - b)[Math.ceil(all.length * 0.99) - 1] ?? 0).toFixed(1),
    Math.max(...all).toFixed(1),
  ]);
  return formatTable(['', 'times', 'median ms', 'p99 ms', 'longest ms'], rows);
}
