import { parseArgs } from 'node:util';
import { formatTable } from '../../src/loadtest/report.js';
import { medianOf } from '../inference/median.js';
import { servingOf } from '../inference/options.js';
import { answerBytes } from '../inference/probe.js';
import { serve, type WatchedServer } from '../inference/server.js';
import { verdict, verdictCells, verdictHeads } from '../judge.js';
import { encodeModelRequest } from '../models/request.js';
import { positive } from '../options.js';
import { playPhases } from '../overload/drive.js';
import { cpuSeconds } from '../process-usage.js';
import { progress } from '../progress.js';
import { publish } from '../results.js';
import { measureRecord } from './record.js';

/** What metrics cost: one server with them, scraped every second, and one without, under the same load by turns. */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '9' },
    lanes: { type: 'string', default: '64' },
    name: { type: 'string', default: 'metrics' },
  },
});
const seconds = positive('seconds', values.seconds);
const lanes = positive('lanes', values.lanes);
const scrapeEveryMs = 1000;

interface Subject {
  readonly name: string;
  readonly server: WatchedServer;
  /** Where it is scraped, if it is. */
  readonly page: string | undefined;
  readonly rounds: { readonly perSecond: number; readonly cpuPer1000: number; readonly p99Us: number }[];
  readonly scrapeMs: number[];
}

const serving = servingOf('tiny_mlp', { threads: [], instances: [] });
const message = encodeModelRequest(serving.model);
/** Below the ports that the system gives away, so that no server takes it before. */
const metricsPort = 28_002;
const subjects = [
  await start('off', ['--allow-metrics=false'], undefined),
  await start('on', [`--metrics-port=${metricsPort}`], `http://127.0.0.1:${metricsPort}/metrics`),
  await start(
    'on, with summaries',
    [
      `--metrics-port=${metricsPort + 1}`,
      '--metrics-config=summary_latencies=true',
      '--metrics-config=histogram_latencies=true',
    ],
    `http://127.0.0.1:${metricsPort + 1}/metrics`,
  ),
];
try {
  for (const subject of subjects) await play(subject, 1);
  const count = positive('rounds', values.rounds);
  for (let round = 0; round < count; round++) {
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      progress(`round ${round + 1} of ${count}: ${subject.name}`);
      subject.rounds.push(await play(subject, seconds));
    }
  }
} finally {
  for (const { server } of subjects) await server.close();
}
progress('');
await publish(
  values.name,
  { subjects: subjects.map(({ name, rounds, scrapeMs }) => ({ name, rounds, scrapeMs })) },
  describe(),
);

async function start(name: string, flags: readonly string[], page: string | undefined): Promise<Subject> {
  const server = await serve('metrics', [serving], { flags });
  await answerBytes(server.port, message);
  return { name, server, page, rounds: [], scrapeMs: [] };
}

async function play(subject: Subject, secs: number): Promise<Subject['rounds'][number]> {
  const { server, page } = subject;
  const order = {
    port: server.port,
    message,
    connectionCount: 4,
    limitMs: 1000,
    phases: [{ kind: 'closed', name: subject.name, lanes, seconds: secs } as const],
  };
  const scraping =
    page === undefined ? undefined : setInterval(() => void scrape(subject, page), scrapeEveryMs);
  const before = cpuSeconds(server.pid);
  const [figures] = await playPhases(order, server.pid);
  clearInterval(scraping);
  if (figures === undefined) throw new Error('The load gave no figures. This is a bug.');
  const { answered, seconds: took, p99Us } = figures;
  return {
    perSecond: answered / took,
    cpuPer1000: ((cpuSeconds(server.pid) - before) / answered) * 1000,
    p99Us,
  };
}

async function scrape({ scrapeMs }: Subject, page: string): Promise<void> {
  const began = performance.now();
  await (await fetch(page)).text();
  scrapeMs.push(performance.now() - began);
}

function describe(): string {
  const [off] = subjects;
  /** Each round against the one without metrics beside it. */
  const ratio = ({ rounds }: Subject, of: 'perSecond' | 'cpuPer1000'): number =>
    medianOf(rounds.map((round, index) => round[of] / (off?.rounds[index]?.[of] ?? NaN)));
  const rows = subjects.map((subject) => [
    subject.name,
    medianOf(subject.rounds.map(({ perSecond }) => perSecond)).toFixed(0),
    ratio(subject, 'perSecond').toFixed(3),
    medianOf(subject.rounds.map(({ cpuPer1000 }) => cpuPer1000)).toFixed(4),
    ratio(subject, 'cpuPer1000').toFixed(3),
    medianOf(subject.rounds.map(({ p99Us }) => p99Us)).toFixed(0),
    subject.scrapeMs.length === 0 ? '' : medianOf(subject.scrapeMs).toFixed(1),
  ]);
  const heads = ['metrics', 'req/s', '/ off', 'CPU-s/1000', '/ off', 'p99 µs', 'scrape ms'];
  const on = subjects[1];
  const judged = verdict(
    on === undefined ? NaN : ratio(on, 'perSecond'),
    { least: 0.98 },
    {
      target: 'metrics: on / off in requests/s',
      cell: `tiny_mlp c=${lanes}`,
      client: 'own, raw',
    },
  );
  const records = measureRecord().map(({ name, ns }) => [name, ns.toFixed(0)]);
  const tables = [
    formatTable(heads, rows),
    formatTable(['recording a request', 'CPU-ns'], records),
    formatTable(verdictHeads, [verdictCells(judged)]),
  ];
  return tables.join('\n\n');
}
