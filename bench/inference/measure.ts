import type { Measurement } from '../loaders.js';
import { benchModel, type BenchModel } from '../models/catalog.js';
import { encodeModelRequest } from '../models/request.js';
import { cpuSeconds, peakBytes, residentBytes, resetPeak } from '../process-usage.js';
import { progress } from '../progress.js';
import { loadWith, type FoundTool, type ToolTarget } from '../tools.js';
import type { CellGroup } from './cells.js';
import { medianOf, medianOfKnown, mergeFigures } from './median.js';
import type { InferenceOptions } from './options.js';
import { answerBytes } from './probe.js';
import { batchSizes, mergeRaw, runRaw, type RawFigures } from './raw.js';
import type { WatchedServer } from './server.js';
import type { Serving } from '../models/repository.js';
import { between, readCounts } from './statistics.js';

/** What was measured of a cell of a subject with a tool: medians of the rounds. */
export interface InferenceMeasurement extends Measurement {
  readonly peakMiB: number;
  readonly loopP99Us: number;
  readonly loopMaxUs: number;
  /** Unknown of a server without ModelStatistics. */
  readonly averageBatch: number | undefined;
  /** Mean time of a request beside its run, inside the server. */
  readonly overheadUs: number | undefined;
}

interface Subject {
  readonly name: 'nereid' | 'inline' | 'echo';
  readonly server: WatchedServer;
  /** What it is asked for, and tells its statistics of. */
  readonly model: BenchModel;
}

/** A cell's load on one server. */
interface Lane {
  readonly subject: Subject;
  readonly group: CellGroup;
  readonly tool: FoundTool;
  readonly target: ToolTarget;
  readonly rounds: InferenceMeasurement[];
}

export interface GroupSetup {
  readonly group: CellGroup;
  readonly serving: Serving;
  readonly nereid: WatchedServer | undefined;
  /** The same model with its instance on the event loop. */
  readonly inline: WatchedServer | undefined;
  readonly echo: WatchedServer | undefined;
  readonly tools: readonly FoundTool[];
  readonly options: InferenceOptions;
}

export interface GroupResult {
  readonly measurements: InferenceMeasurement[];
  readonly raws: RawFigures[];
}

const MiB = 1024 * 1024;
const warmUpSeconds = 0.5;

/**
 * All cells of a group in rounds: in each the model alone, then every cell with every tool, subjects right
 * after each other and in every second round the other way round, so that what else the machine does hits
 * all alike. A first run of each cell warms up and is not counted.
 */
export async function measureGroup(setup: GroupSetup): Promise<GroupResult> {
  const { group, serving, options } = setup;
  const { rounds, connectionCount } = options;
  const seconds = options.seconds * (group.longer ?? 1);
  const lanes = await makeLanes(setup);
  const raws: RawFigures[][] = [];
  for (let round = 0; round < rounds; round++) {
    if (group.raw && options.subjects.includes('raw')) {
      progress(`round ${round + 1} of ${rounds}: ${group.name} alone`);
      const batches = batchSizes(serving.model.maxBatchSize);
      raws.push(await runRaw(serving, { batches, ms: (seconds * 1000) / rounds / 4 }));
    }
    for (const lane of round % 2 === 0 ? lanes : lanes.toReversed()) {
      progress(`round ${round + 1} of ${rounds}: ${nameOf(lane)}`);
      if (round === 0) await attempt(lane, { seconds: warmUpSeconds, connectionCount });
      const measured = await attempt(lane, { seconds: seconds / rounds, connectionCount });
      if (measured !== undefined) lane.rounds.push(measured);
    }
  }
  return { measurements: lanes.flatMap((lane) => mergeRounds(lane.rounds)), raws: mergeRaw(raws) };
}

async function makeLanes({
  group,
  serving,
  nereid,
  inline,
  echo,
  tools,
  options,
}: GroupSetup): Promise<Lane[]> {
  const { model } = serving;
  const subjects: Subject[] = [
    ...(nereid === undefined ? [] : [{ name: 'nereid' as const, server: nereid, model }]),
    ...(inline === undefined
      ? []
      : [{ name: 'inline' as const, server: inline, model: benchModel(group.inline ?? '') }]),
    ...(echo === undefined || !group.echo ? [] : [{ name: 'echo' as const, server: echo, model }]),
  ].filter(({ name }) => options.subjects.includes(name));
  const lanes: Lane[] = [];
  const targets = new Map<Subject, Omit<ToolTarget, 'concurrency'>>();
  for (const subject of subjects) {
    const { port } = subject.server;
    const message = encodeModelRequest(subject.model, { size: group.size ?? 1 });
    targets.set(subject, { port, message, answerBytes: await answerBytes(port, message) });
  }
  for (const concurrency of group.concurrencies) {
    for (const tool of tools) {
      for (const [subject, target] of targets) {
        lanes.push({ subject, group, tool, target: { ...target, concurrency }, rounds: [] });
      }
    }
  }
  return lanes;
}

function nameOf({ subject, group, tool, target }: Lane): string {
  return `${tool.tool.name} ${subject.name} ${group.name} c=${target.concurrency}`;
}

/** A tool that fails is told of, and the bench goes on. */
async function attempt(
  lane: Lane,
  load: { seconds: number; connectionCount: number },
): Promise<InferenceMeasurement | undefined> {
  try {
    return await measureOnce(lane, load);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    progress(`failed: ${nameOf(lane)}: ${why.slice(0, 500)}`, true);
    return undefined;
  }
}

async function measureOnce(
  { subject, group, tool, target }: Lane,
  load: { seconds: number; connectionCount: number },
): Promise<InferenceMeasurement> {
  const { server, name, model } = subject;
  const { pid, port } = server;
  const counts = async () => (name === 'echo' ? undefined : readCounts(port, model.name));
  const countsBefore = await counts();
  resetPeak(pid);
  await server.loopDelay();
  const cpuBefore = cpuSeconds(pid);
  const figures = await loadWith(tool, target, load);
  const cpu = cpuSeconds(pid) - cpuBefore;
  const loop = await server.loopDelay();
  return {
    subject: name,
    payload: group.name,
    concurrency: target.concurrency,
    client: tool.tool.name,
    figures,
    serverCpuSecondsPer1000: figures.requests === 0 ? 0 : (cpu / figures.requests) * 1000,
    serverResidentMiB: residentBytes(pid) / MiB,
    peakMiB: peakBytes(pid) / MiB,
    loopP99Us: loop.p99Us,
    loopMaxUs: loop.maxUs,
    ...between(countsBefore, await counts()),
  };
}

function mergeRounds(rounds: readonly InferenceMeasurement[]): InferenceMeasurement[] {
  const last = rounds.at(-1);
  if (last === undefined) return [];
  const middle = (of: (one: InferenceMeasurement) => number): number => medianOf(rounds.map(of));
  return [
    {
      ...last,
      figures: mergeFigures(rounds.map((one) => one.figures)),
      serverCpuSecondsPer1000: middle((one) => one.serverCpuSecondsPer1000),
      peakMiB: Math.max(...rounds.map((one) => one.peakMiB)),
      loopP99Us: middle((one) => one.loopP99Us),
      loopMaxUs: Math.max(...rounds.map((one) => one.loopMaxUs)),
      averageBatch: medianOfKnown(rounds.map((one) => one.averageBatch)),
      overheadUs: medianOfKnown(rounds.map((one) => one.overheadUs)),
    },
  ];
}
