import { parseArgs } from 'node:util';
import { formatTable } from '../../src/loadtest/report.js';
import { runRaw, type RawFigures } from '../inference/raw.js';
import { servingOf } from '../inference/options.js';
import { answerBytes } from '../inference/probe.js';
import { serve } from '../inference/server.js';
import { verdict, verdictCells, verdictHeads, type Verdict } from '../judge.js';
import { overloadPolicy } from '../models/catalog.js';
import { encodeModelRequest } from '../models/request.js';
import { list, positive } from '../options.js';
import { progress } from '../progress.js';
import { publish } from '../results.js';
import { playPhases, type PhaseRecord } from './drive.js';
import type { Phase } from './generator.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '8' },
    limit: { type: 'string', default: '50' },
    capacity: { type: 'string', default: '' },
    threads: { type: 'string', default: '' },
    instances: { type: 'string', default: '' },
    server: { type: 'string', default: '' },
    name: { type: 'string', default: 'overload' },
  },
});
const seconds = positive('seconds', values.seconds);
const limitMs = positive('limit', values.limit);
const serving = servingOf('overload_mlp', {
  threads: list(values.threads),
  instances: list(values.instances),
});
/** Calls under way while the capacity is looked for: enough for full batches, and few enough to be refused none. */
const capacityLanes = 64;
const after = { first: 'after: the first second', later: 'after: the second second' } as const;
/** What normal times may be off by, measured over one second. */
const normal = { factor: 1.5, slackUs: 1000 } as const;

const [alone] = await runRaw(serving, { batches: [serving.model.maxBatchSize], ms: 500 });
if (alone === undefined) throw new Error('The model alone gave no figures. This is a bug.');
const { capacity, records } = await measure();
progress('');
const verdicts = judge(records, alone);
await publish(
  values.name,
  { limitMs, capacity, policy: overloadPolicy, alone, records, verdicts },
  describe(records),
);

async function measure(): Promise<{ capacity: number; records: PhaseRecord[] }> {
  const server = await serve('overload', [serving], { flags: list(values.server) });
  try {
    const message = encodeModelRequest(serving.model);
    await answerBytes(server.port, message);
    const order = {
      port: server.port,
      message,
      connectionCount: positive('connections', values.connections),
      limitMs,
    };
    const play = (phases: readonly Phase[]) => playPhases({ ...order, phases }, server.pid);
    const closed = (name: string): Phase => ({ kind: 'closed', name, lanes: capacityLanes, seconds });
    const found = await play([closed('warm-up'), closed('capacity')]);
    const capacity =
      values.capacity === ''
        ? Math.max(...found.map((one) => one.answered / one.seconds))
        : positive('capacity', values.capacity);
    const open = (name: string, factor: number, length = seconds): Phase => {
      return { kind: 'open', name, perSecond: capacity * factor, seconds: length };
    };
    const loads = await play([
      open('0.5 ×', 0.5),
      open('1 ×', 1),
      open('2 ×', 2),
      open('3 ×', 3),
      open(after.first, 0.5, 1),
      open(after.later, 0.5, 1),
    ]);
    return { capacity, records: [...found.slice(1), ...loads] };
  } finally {
    await server.close();
  }
}

function find(all: readonly PhaseRecord[], name: string): PhaseRecord {
  const found = all.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no phase '${name}'. This is a bug.`);
  return found;
}

function judge(all: readonly PhaseRecord[], { p50Us }: RawFigures): Verdict[] {
  const [half, triple, back] = [find(all, '0.5 ×'), find(all, '3 ×'), find(all, after.later)];
  const peak = Math.max(...all.map((one) => one.useful / one.seconds));
  const boundMs = (overloadPolicy.timeoutUs + 2 * p50Us) / 1000;
  const grown = Math.max(...all.map((one) => one.residentMiB)) - half.residentMiB;
  const normalMs = (half.p99Us * normal.factor + normal.slackUs) / 1000;
  const said = (target: string, cell: string) => ({ target, cell, client: '' });
  return [
    verdict(triple.useful / triple.seconds / peak, { least: 0.9 }, said('goodput against its peak', '3 ×')),
    verdict(
      triple.p99Us / 1000,
      { most: Number(boundMs.toFixed(1)) },
      said('p99 of what is accepted, ms: queue bound and two runs', '3 ×'),
    ),
    verdict(grown, { most: 100 }, said('growth of memory beyond 0.5 ×, MiB', 'all')),
    verdict(
      back.p99Us / 1000,
      { most: Number(normalMs.toFixed(1)) },
      said('p99 a second after, ms: about that of 0.5 × before', after.later),
    ),
  ];
}

function describe(all: readonly PhaseRecord[]): string {
  const ms = (us: number): string => (us / 1000).toFixed(1);
  const rows = all.map((one) => [
    one.name,
    (one.offered / one.seconds).toFixed(0),
    (one.useful / one.seconds).toFixed(0),
    (one.answered / one.seconds).toFixed(0),
    ms(one.p50Us),
    ms(one.p99Us),
    (one.rejected / one.seconds).toFixed(0),
    ms(one.rejectedP99Us),
    one.otherFailures.map(([text, count]) => `${count} × ${text}`).join(', ') || '-',
    ms(one.lateP99Us),
    one.residentMiB.toFixed(0),
  ]);
  const heads = ['load', 'offered/s', 'goodput/s', 'answered/s', 'p50 ms', 'p99 ms', 'rejected/s'];
  const more = ['their p99 ms', 'other failures', 'client late p99 ms', 'RSS MiB'];
  const { timeoutUs, queueSizeMax } = overloadPolicy;
  return [
    `${serving.model.name}: ${serving.instanceCount} instance × ${serving.threads} threads, batches of up to ${serving.model.maxBatchSize}; a run alone ${ms(alone?.p50Us ?? 0)} ms`,
    `capacity ${capacity.toFixed(0)}/s; queue: at most ${timeoutUs / 1000} ms and ${queueSizeMax} requests; goodput: answered within ${limitMs} ms`,
    '',
    formatTable([...heads, ...more], rows),
    '',
    formatTable(verdictHeads, verdicts.map(verdictCells)),
  ].join('\n');
}
