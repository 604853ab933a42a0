import { parseArgs } from 'node:util';
import { formatTable } from '../../src/loadtest/report.js';
import { mergeFigures, medianOf } from '../inference/median.js';
import { judge, verdictCells, verdictHeads, type Target } from '../judge.js';
import type { Measurement } from '../loaders.js';
import { list, positive } from '../options.js';
import { cpuSeconds, residentBytes } from '../process-usage.js';
import { progress } from '../progress.js';
import { measurementTable, publish } from '../results.js';
import { payloads } from '../subjects.js';
import { findTools, loadWith, type FoundTool } from '../tools.js';
import { binaryLanes, jsonLanes, startServers, type Lane } from './subjects.js';

// HTTP against a bare echo, against gRPC over grpc-js, and JSON against FastAPI.

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    concurrency: { type: 'string', default: '1,8,64' },
    name: { type: 'string', default: 'http' },
  },
});
const rounds = positive('rounds', values.rounds);
const seconds = positive('seconds', values.seconds) / rounds;
const only = list(values.only);
const concurrencies = list(values.concurrency).map((text) => positive('concurrency', text));
const wanted = (name: string): boolean => only.length === 0 || only.includes(name);

const targets: readonly Target[] = [
  ...payloads.map(({ name }) => target('http', 'echo', name, 0.75)),
  ...payloads.filter(({ bytes }) => bytes >= 65_536).map(({ name }) => target('http', 'grpc-js', name, 0.9)),
  target('http', 'fastapi', 'image JSON', 1.5),
];

function target(subject: string, against: string, payload: string, least: number): Target {
  return {
    text: `${subject} to ${against}`,
    subject,
    against,
    payload,
    concurrency: undefined,
    of: 'requests/s',
    least,
  };
}

/** Bytes that may be under way at once. */
const openBytesMax = 256 * 1024 * 1024;

const [tool] = await findTools(['h2load']);
if (tool === undefined) throw new Error('h2load is needed: install nghttp2-client');
const servers = await startServers(wanted('json'));
try {
  const lanes = [
    ...payloads.filter(({ name }) => wanted(name)).map((payload) => binaryLanes(servers, payload)),
    ...(wanted('json') ? [jsonLanes(servers)] : []),
  ];
  const measurements = await measure(tool, lanes);
  const verdicts = judge(targets, measurements);
  const text = [measurementTable(measurements), '', formatTable(verdictHeads, verdicts.map(verdictCells))];
  await publish(values.name, { measurements, verdicts }, text.join('\n'));
} finally {
  await Promise.all([
    servers.nereid.close(),
    servers.onNode.close(),
    servers.echo.close(),
    servers.fastapi?.close(),
  ]);
}

/** Lanes of one payload come right after each other, and in the next round the other way round. */
async function measure(tool: FoundTool, groups: readonly Lane[][]): Promise<Measurement[]> {
  const found = new Map<string, Measurement[]>();
  const cells = groups.flatMap((lanes) => {
    const bytes = lanes[0]?.target.message.byteLength ?? 1;
    const most = Math.max(1, Math.floor(openBytesMax / bytes));
    const kept = new Set(concurrencies.map((one) => Math.min(one, most)));
    return [...kept].map((concurrency) => ({ lanes, concurrency }));
  });
  for (let round = 0; round < rounds; round++) {
    for (const { lanes, concurrency } of cells) {
      for (const lane of round % 2 === 0 ? lanes : lanes.toReversed()) {
        const key = `${lane.subject} ${lane.payload} c=${concurrency}`;
        progress(`round ${round + 1} of ${rounds}: ${key}`);
        found.set(key, [...(found.get(key) ?? []), await measureOnce(tool, lane, concurrency)]);
      }
    }
  }
  progress('');
  return [...found.values()].flatMap((rounds) => merge(rounds));
}

async function measureOnce(tool: FoundTool, lane: Lane, concurrency: number): Promise<Measurement> {
  const { subject, payload, server, target } = lane;
  const load = { connectionCount: 8 };
  await loadWith(tool, { ...target, concurrency }, { ...load, seconds: 0.3 });
  const before = cpuSeconds(server.pid);
  const figures = await loadWith(tool, { ...target, concurrency }, { ...load, seconds });
  const cpu = cpuSeconds(server.pid) - before;
  return {
    subject,
    payload,
    concurrency,
    client: 'h2load',
    figures,
    serverCpuSecondsPer1000: figures.requests === 0 ? 0 : (cpu / figures.requests) * 1000,
    serverResidentMiB: residentBytes(server.pid) / 1024 / 1024,
  };
}

function merge(rounds: readonly Measurement[]): Measurement[] {
  const [first] = rounds;
  if (first === undefined) return [];
  return [
    {
      ...first,
      figures: mergeFigures(rounds.map(({ figures }) => figures)),
      serverCpuSecondsPer1000: medianOf(rounds.map((one) => one.serverCpuSecondsPer1000)),
    },
  ];
}
