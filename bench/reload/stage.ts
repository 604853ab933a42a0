import { loadavg } from 'node:os';
import type { WatchedServer } from '../inference/server.js';
import { LoadProcess, type PhaseRecord } from '../overload/drive.js';
import type { GeneratorOrder, Phase } from '../overload/generator.js';

/** Something that is done to a server while it is under load. */
export interface Stretch {
  readonly phase: Phase;
  meanwhile(): Promise<void>;
}

/** What was measured of all stretches of a name. */
export interface StretchRecord extends PhaseRecord {
  /** Of the worst of them. */
  readonly loopP99Us: number;
  readonly loopMaxUs: number;
  /** How many wanted a core, on average over the last minute, when the latest of them ended. */
  readonly loadAverage: number;
}

type Watched = Pick<StretchRecord, 'loopP99Us' | 'loopMaxUs' | 'loadAverage'>;

/** Plays stretches one after another without a pause in the load. */
export async function playStretches(
  server: WatchedServer,
  order: Omit<GeneratorOrder, 'phases' | 'port'>,
  stretches: readonly Stretch[],
): Promise<StretchRecord[]> {
  const phases = stretches.map(({ phase }) => phase);
  const watched = new Map<string, Watched>();
  const load = new LoadProcess({ ...order, port: server.port, phases }, server.pid);
  try {
    await load.begun();
    for (const { phase, meanwhile } of stretches) {
      await server.loopDelay();
      await meanwhile();
      const { p99Us, maxUs } = await server.loopDelay();
      const before = watched.get(phase.name) ?? none;
      watched.set(phase.name, {
        loopP99Us: Math.max(before.loopP99Us, p99Us),
        loopMaxUs: Math.max(before.loopMaxUs, maxUs),
        loadAverage: loadavg()[0] ?? 0,
      });
      await load.next();
    }
    return (await load.records).map((one) => ({ ...one, ...(watched.get(one.name) ?? none) }));
  } finally {
    load.close();
  }
}

const none: Watched = { loopP99Us: 0, loopMaxUs: 0, loadAverage: 0 };

/** The stretches of a name. */
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
