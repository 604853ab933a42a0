import { loadavg } from 'node:os';
import type { WatchedServer } from '../inference/server.js';
import { coreWaitSeconds } from '../process-usage.js';
import { medianOf } from '../inference/median.js';
import { LoadProcess, type PhaseRecord } from '../overload/drive.js';
import type { GeneratorOrder, Phase } from '../overload/generator.js';

/** Something that is done to a server while it is under load. */
export interface Stretch {
  readonly phase: Phase;
  readonly meanwhile: () => Promise<void>;
}

/** What was measured of a stretch, or of all of a name. */
export interface StretchRecord extends PhaseRecord {
  readonly loopP99Us: number;
  readonly loopMaxUs: number;
  /** Share of the time for which the event loop was ready to run and had no core: what others on the machine do to it. */
  readonly coreWait: number;
  /** How many wanted a core, on average over the last minute, at its end. */
  readonly loadAverage: number;
}

type Watched = Omit<StretchRecord, keyof PhaseRecord>;

/** Plays stretches one after another without a pause in the load. */
export async function playStretches(
  server: WatchedServer,
  order: Omit<GeneratorOrder, 'phases' | 'port'>,
  stretches: readonly Stretch[],
): Promise<StretchRecord[]> {
  const phases = stretches.map(({ phase }) => phase);
  const watched: Watched[] = [];
  const load = new LoadProcess({ ...order, port: server.port, phases }, server.pid);
  try {
    await load.begun();
    for (const { meanwhile } of stretches) {
      watched.push(await watch(server, meanwhile));
      await load.next();
    }
    const records = await load.records;
    return records.flatMap((one, i) => {
      const seen = watched[i];
      return seen === undefined ? [] : [{ ...one, ...seen }];
    });
  } finally {
    load.close();
  }
}

async function watch(server: WatchedServer, meanwhile: () => Promise<void>): Promise<Watched> {
  await server.loopDelay();
  const [startMs, waitedBefore] = [performance.now(), coreWaitSeconds(server.pid)];
  await meanwhile();
  const seconds = (performance.now() - startMs) / 1000;
  const coreWait = (coreWaitSeconds(server.pid) - waitedBefore) / seconds;
  const { p99Us, maxUs } = await server.loopDelay();
  return { loopP99Us: p99Us, loopMaxUs: maxUs, coreWait, loadAverage: loadavg()[0] ?? 0 };
}

/** The rounds of each name as one: counts in sum, the largest maxima, medians of everything else. */
export function mergeRounds(records: readonly StretchRecord[]): StretchRecord[] {
  const names = [...new Set(records.map(({ name }) => name))];
  return names.map((name) =>
    mergeOne(
      name,
      records.filter((one) => one.name === name),
    ),
  );
}

function mergeOne(name: string, rounds: readonly StretchRecord[]): StretchRecord {
  type Of = (one: StretchRecord) => number;
  const sum = (of: Of): number => rounds.reduce((all, one) => all + of(one), 0);
  const middle = (of: Of): number => medianOf(rounds.map(of));
  const most = (of: Of): number => Math.max(...rounds.map(of));
  return {
    name,
    seconds: sum((one) => one.seconds),
    offered: sum((one) => one.offered),
    answered: sum((one) => one.answered),
    useful: sum((one) => one.useful),
    rejected: sum((one) => one.rejected),
    marks: addUp(rounds.flatMap(({ marks }) => marks)),
    otherFailures: addUp(rounds.flatMap(({ otherFailures }) => otherFailures)),
    p50Us: middle((one) => one.p50Us),
    p99Us: middle((one) => one.p99Us),
    sentP99Us: middle((one) => one.sentP99Us),
    rejectedP99Us: middle((one) => one.rejectedP99Us),
    lateP99Us: middle((one) => one.lateP99Us),
    loopP99Us: middle((one) => one.loopP99Us),
    coreWait: middle((one) => one.coreWait),
    loopMaxUs: most((one) => one.loopMaxUs),
    residentMiB: most((one) => one.residentMiB),
    loadAverage: most((one) => one.loadAverage),
  };
}

function addUp(counts: readonly (readonly [key: string, count: number])[]): [key: string, count: number][] {
  const sums = new Map<string, number>();
  for (const [key, count] of counts) sums.set(key, (sums.get(key) ?? 0) + count);
  return [...sums];
}

/** The record of a name. */
export function recordOf(records: readonly StretchRecord[], name: string): StretchRecord {
  const found = records.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no stretch '${name}'. This is a bug.`);
  return found;
}

/** Calls that were not answered well, by their gRPC status or what else became of them. */
export function failuresOf(record: StretchRecord): readonly (readonly [text: string, count: number])[] {
  const { offered, answered, rejected, otherFailures } = record;
  const silent = otherFailures.reduce((left, [, count]) => left - count, offered - answered - rejected);
  const all = [['status 14', rejected] as const, ...otherFailures, ['no answer', silent] as const];
  return all.filter(([, count]) => count > 0);
}

export function failedCount(record: StretchRecord): number {
  return record.offered - record.answered;
}
