import { parseArgs } from 'node:util';
import { formatTable } from '../../src/loadtest/report.js';
import { list, positive } from '../options.js';
import { progress } from '../progress.js';
import { publish } from '../results.js';
import { startRealServer } from '../subjects.js';
import { play, type AttackRecord } from './stage.js';
import { attacks, type Bounds } from './table.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    transport: { type: 'string', default: '' },
    seconds: { type: 'string', default: '10' },
    wait: { type: 'string', default: '60' },
    callers: { type: 'string', default: '8' },
    'max-resident': { type: 'string', default: '4096' },
    name: { type: 'string', default: 'attacks' },
  },
});
const plan = {
  seconds: positive('seconds', values.seconds),
  waitSeconds: positive('wait', values.wait),
  goodCallers: positive('callers', values.callers),
  residentMiBMax: positive('max-resident', values['max-resident']),
};
const wanted = list(values.only);
for (const name of wanted) {
  if (!attacks.some((one) => one.name === name)) {
    throw new Error(`--only: no attack '${name}': ${attacks.map((one) => one.name).join(', ')}`);
  }
}

const records: (AttackRecord & { verdict: string })[] = [];
for (const entry of attacks) {
  if (wanted.length > 0 && !wanted.includes(entry.name)) continue;
  progress(`attack: ${entry.name}`);
  const flags = values.transport === '' ? [] : [`--grpc-transport=${values.transport}`];
  const server = await startRealServer(flags);
  const record = await play(entry, server, plan);
  records.push({ ...record, verdict: judge(record, entry.bounds) });
}
progress('');
const transport = values.transport === '' ? 'the default' : values.transport;
await publish(values.name, { transport, plan, records }, `transport: ${transport}\n\n${describe()}`);

/** What was missed of what was promised, in a word each. */
function judge({ outcome, good, peakMiB, beforeMiB, serverEnded }: AttackRecord, bounds: Bounds): string {
  const missed = [
    ...(serverEnded === undefined ? [] : ['server ended']),
    ...(good.failed === 0 && good.calls > 0 ? [] : ['good callers']),
    ...(bounds.cut === true && !outcome.cut ? ['not cut'] : []),
    ...(peakMiB - beforeMiB > (bounds.growthMiB ?? Infinity) ? [`over ${bounds.growthMiB} MiB`] : []),
    ...((outcome.failed ?? 0) > (bounds.failed ?? Infinity) ? ['own calls'] : []),
  ];
  return missed.length === 0 ? 'met' : `MISSED: ${missed.join(', ')}`;
}

function describe(): string {
  const heads = ['attack', 'good calls', 'failed', 'p99 ms', 'RSS MiB', 'peak', 'after', 'CPU-s', 's', ''];
  const rows = records.map((one) => [
    one.attack,
    String(one.good.calls),
    String(one.good.failed),
    (one.good.p99Us / 1000).toFixed(1),
    one.beforeMiB.toFixed(0),
    one.peakMiB.toFixed(0),
    one.afterMiB.toFixed(0),
    one.serverCpuSeconds.toFixed(2),
    one.seconds.toFixed(1),
    one.verdict,
  ]);
  const told = records.map(({ attack, outcome, serverEnded, good }) => [
    attack,
    [
      outcome.what,
      ...(serverEnded === undefined ? [] : [`SERVER ${serverEnded}`]),
      ...good.failures.slice(0, 3).map(([text, count]) => `good callers: ${count} × ${text}`),
    ].join('; '),
  ]);
  return [formatTable(heads, rows), '', formatTable(['attack', 'what happened'], told)].join('\n');
}
