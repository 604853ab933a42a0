import type { Cell } from '../cells.js';
import { nameOf } from '../cells.js';
import type { Measurement } from '../loaders.js';
import type { BenchOptions } from '../options.js';
import { progress } from '../progress.js';
import type { Subject } from '../subjects.js';
import { payloads, simplePayload } from '../subjects.js';
import { driveTool, findTools, type FoundTool } from '../tools.js';

/** Bytes of requests that may be under way at once. */
const openBytesMax = 128 * 1024 * 1024;
const warmUpSeconds = 0.5;

/** Groups of cells that stand to be compared; over TLS only the smallest payload is asked. */
function listGroups(subjects: readonly Subject[], options: BenchOptions): Cell[][] {
  const names = options.payloads;
  return [simplePayload, ...payloads]
    .filter(({ name }) => (names.length === 0 ? name !== '1MiB' : names.includes(name)))
    .flatMap((payload) => {
      const takers = subjects.filter(({ tls }) => tls !== true || payload === simplePayload);
      const most = Math.max(1, Math.floor(openBytesMax / payload.bytes));
      const lanes = new Set(options.concurrencies.map((wanted) => Math.min(wanted, most)));
      return [...lanes].map((concurrency) => takers.map((subject) => ({ subject, payload, concurrency })));
    });
}

/**
 * Every cell with every tool, in rounds: subjects of a group right after each other and in every second
 * round the other way round, so that what else the machine does hits all alike. The first run of a cell
 * warms up and is not counted.
 */
export async function measureCalls(
  subjects: readonly Subject[],
  options: BenchOptions,
): Promise<Measurement[]> {
  const all: Measurement[] = [];
  for (const group of listGroups(subjects, options)) {
    for (const tool of await findTools(options.tools))
      all.push(...(await measureGroup(tool, group, options)));
  }
  progress('');
  return all;
}

async function measureGroup(
  tool: FoundTool,
  group: readonly Cell[],
  { rounds, seconds, connectionCount }: BenchOptions,
): Promise<Measurement[]> {
  const found = new Map(group.map((cell) => [cell, [] as Measurement[]]));
  for (const cell of group) await attempt(tool, cell, { seconds: warmUpSeconds, connectionCount });
  for (let round = 0; round < rounds; round++) {
    for (const cell of round % 2 === 0 ? group : group.toReversed()) {
      progress(`round ${round + 1} of ${rounds}: ${tool.tool.name} ${nameOf(cell)}`);
      const measured = await attempt(tool, cell, { seconds: seconds / rounds, connectionCount });
      if (measured !== undefined) found.get(cell)?.push(measured);
    }
  }
  return [...found.values()].flatMap(mergeRounds);
}

/** A tool that fails is told of, and the bench goes on. */
async function attempt(
  tool: FoundTool,
  cell: Cell,
  setup: { seconds: number; connectionCount: number },
): Promise<Measurement | undefined> {
  try {
    return await driveTool(tool, cell, setup);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    progress(`${tool.tool.name} failed at ${nameOf(cell)}: ${why.slice(0, 500)}`, true);
    return undefined;
  }
}

/** The rounds of a cell as one: counts and CPU in sum, latencies as the median of the rounds. */
function mergeRounds(rounds: readonly Measurement[]): Measurement[] {
  const [first] = rounds;
  if (first === undefined) return [];
  const sum = (of: (one: Measurement) => number): number => rounds.reduce((all, one) => all + of(one), 0);
  const middle = (of: (one: Measurement) => number): number =>
    rounds.map(of).sort((a, b) => a - b)[Math.floor(rounds.length / 2)] ?? 0;
  const requests = sum(({ figures }) => figures.requests);
  const cpu = sum((one) => one.serverCpuSecondsPer1000 * one.figures.requests);
  const figures = {
    requests,
    failed: sum(({ figures }) => figures.failed),
    requestsPerSecond: sum(({ figures }) => figures.requestsPerSecond) / rounds.length,
    p50Us: middle(({ figures }) => figures.p50Us),
    p95Us: middle(({ figures }) => figures.p95Us),
    p99Us: middle(({ figures }) => figures.p99Us),
    maxUs: Math.max(...rounds.map(({ figures }) => figures.maxUs)),
  };
  const last = rounds.at(-1) ?? first;
  return [{ ...last, figures, serverCpuSecondsPer1000: requests === 0 ? 0 : cpu / requests }];
}
