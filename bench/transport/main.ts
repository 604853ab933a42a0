import { parseArgs } from 'node:util';
import { formatTable } from '../../src/loadtest/report.js';
import { judge, verdictCells, verdictHeads } from '../judge.js';
import { positive, readOptions } from '../options.js';
import { measurementTable, publish } from '../results.js';
import { measureCalls } from './calls.js';
import { judgeMemory, measureMemory, memoryTable } from './memory.js';
import { judgeStreams, measureStreams, streamTable } from './streams.js';
import { listPlans, withSubjects } from './subjects.js';
import { targets } from './targets.js';

const { values } = parseArgs({
  strict: false,
  options: { held: { type: 'string', default: '2000' }, churned: { type: 'string', default: '100000' } },
});
const held = positive('held', String(values.held));
const churned = positive('churned', String(values.churned));
const rest = process.argv.slice(2).filter((arg) => !/^--(held|churned)=/.test(arg));
const options = readOptions(rest, {
  seconds: '3',
  rounds: '2',
  concurrency: '1,8,32,64',
  name: 'transport',
});

/** `--only` names payloads, and these two cells of another kind. */
const wants = (cell: string): boolean => options.payloads.length === 0 || options.payloads.includes(cell);
const wantsCalls =
  options.payloads.length === 0 || options.payloads.some((name) => !['stream', 'memory'].includes(name));

const plans = listPlans(options.subjects);
const streaming = plans.filter(({ tls, streams }) => streams && !tls);
const calls = wantsCalls ? await withSubjects(plans, (subjects) => measureCalls(subjects, options)) : [];
const streams = wants('stream')
  ? await withSubjects(streaming, (subjects) => measureStreams(subjects, options.seconds))
  : [];
const memory = wants('memory') ? await measureMemory(plans, { held, churned }) : [];

const verdicts = [...judge(targets, calls), ...judgeStreams(streams), ...judgeMemory(memory)];
const tables = [
  ...(calls.length > 0 ? [perCpuTable()] : []),
  ...(calls.length > 0 ? [measurementTable(calls)] : []),
  ...(streams.length > 0 ? [streamTable(streams)] : []),
  ...(memory.length > 0 ? [memoryTable(memory)] : []),
  ...(verdicts.length > 0 ? [formatTable(verdictHeads, verdicts.map(verdictCells))] : []),
];
await publish(options.name, { options, calls, streams, memory, verdicts }, tables.join('\n\n'));

/** The figure that the targets speak of, a column for each server. */
function perCpuTable(): string {
  const names = [...new Set(calls.map(({ subject }) => subject))];
  const rows = new Map<string, string[]>();
  for (const { payload, concurrency, client } of calls) {
    const row = [payload, String(concurrency), client];
    const cells = names.map((name) => {
      const found = calls.find(
        (one) =>
          one.subject === name &&
          one.payload === payload &&
          one.concurrency === concurrency &&
          one.client === client,
      );
      return found === undefined || found.serverCpuSecondsPer1000 === 0
        ? '-'
        : (1000 / found.serverCpuSecondsPer1000).toFixed(0);
    });
    rows.set(row.join(' '), [...row, ...cells]);
  }
  const head = ['payload', 'c', 'client', ...names];
  return `requests per server CPU-second\n\n${formatTable(head, [...rows.values()])}`;
}
