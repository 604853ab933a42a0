import { servingOf, type InferenceOptions } from '../inference/options.js';
import { answerBytes } from '../inference/probe.js';
import { serve } from '../inference/server.js';
import { mergeFigures, medianOf } from '../inference/median.js';
import { judge, type Target, type Verdict } from '../judge.js';
import type { Measurement } from '../loaders.js';
import { encodeModelRequest } from '../models/request.js';
import { cpuSeconds, residentBytes } from '../process-usage.js';
import { progress } from '../progress.js';
import { findTools, loadWith, type FoundTool, type ToolTarget } from '../tools.js';
import { rivalNames, startRival, type Rival } from './rivals.js';

const concurrencies = [1, 8, 64];
const payload = 'tiny_mlp';

const targets: readonly Target[] = [
  ...['mlserver', 'kserve'].map((against) => ({ ...ahead(against, 'ghz', 64), least: 10 })),
  ...[8, 64].map((concurrency) => ({ ...ahead('fastapi', 'h2load', concurrency), least: 1 })),
  // Not promised, but told.
  { ...ahead('fastapi', 'h2load', 1), least: 0 },
];

function ahead(against: string, client: string, concurrency: number) {
  const of = 'requests/s' as const;
  return { text: '8 rivals', subject: 'nereid', against, payload, concurrency, client, of };
}

interface Lane {
  readonly subject: string;
  readonly pid: number;
  readonly tool: FoundTool;
  readonly target: ToolTarget;
  readonly rounds: Measurement[];
}

/** This server and those that people run today, each with tiny_mlp, in rounds beside each other. */
export async function compareRivals(options: InferenceOptions): Promise<Measurement[]> {
  const tools = await findTools(options.tools);
  const serving = servingOf(payload, options);
  const message = encodeModelRequest(serving.model);
  const nereid = await serve('rivals', [serving], { flags: options.serverFlags });
  const rivals: Rival[] = [];
  try {
    for (const name of rivalNames) {
      progress(`install and start ${name}`);
      const rival = await startRival(name).catch((error: unknown) => {
        progress(`${name} is left out: ${error instanceof Error ? error.message : String(error)}`, true);
      });
      if (rival !== undefined) rivals.push(rival);
    }
    const own = { port: nereid.port, message, answerBytes: await answerBytes(nereid.port, message) };
    const lanes = concurrencies.flatMap((concurrency) =>
      tools.flatMap((tool): Lane[] => [
        { subject: 'nereid', pid: nereid.pid, tool, target: { ...own, concurrency }, rounds: [] },
        ...rivals
          .filter(({ client }) => client === tool.tool.name)
          .map(({ name, server, target }) => {
            return { subject: name, pid: server.pid, tool, target: { ...target, concurrency }, rounds: [] };
          }),
      ]),
    );
    await measureLanes(lanes, options);
    return lanes.flatMap(({ rounds }) => merge(rounds));
  } finally {
    await Promise.all([nereid.close(), ...rivals.map(({ server }) => server.close())]);
  }
}

async function measureLanes(lanes: readonly Lane[], options: InferenceOptions): Promise<void> {
  const { rounds, seconds, connectionCount } = options;
  for (let round = 0; round < rounds; round++) {
    for (const lane of round % 2 === 0 ? lanes : lanes.toReversed()) {
      const { subject, tool, target } = lane;
      progress(`round ${round + 1} of ${rounds}: ${tool.tool.name} ${subject} c=${target.concurrency}`);
      if (round === 0) await loadWith(tool, target, { seconds: 0.5, connectionCount });
      lane.rounds.push(await measureOnce(lane, { seconds: seconds / rounds, connectionCount }));
    }
  }
}

async function measureOnce(
  { subject, pid, tool, target }: Lane,
  load: { seconds: number; connectionCount: number },
): Promise<Measurement> {
  const before = cpuSeconds(pid);
  const figures = await loadWith(tool, target, load);
  const cpu = cpuSeconds(pid) - before;
  return {
    subject,
    payload,
    concurrency: target.concurrency,
    client: tool.tool.name,
    figures,
    serverCpuSecondsPer1000: figures.requests === 0 ? 0 : (cpu / figures.requests) * 1000,
    serverResidentMiB: residentBytes(pid) / 1024 / 1024,
  };
}

function merge(rounds: readonly Measurement[]): Measurement[] {
  const last = rounds.at(-1);
  if (last === undefined) return [];
  const figures = mergeFigures(rounds.map((one) => one.figures));
  return [
    {
      ...last,
      figures,
      serverCpuSecondsPer1000: medianOf(rounds.map((one) => one.serverCpuSecondsPer1000)),
    },
  ];
}

export function judgeRivals(measurements: readonly Measurement[]): Verdict[] {
  return judge(targets, measurements);
}
