import type { ModelConfig } from '../generated/model_config_pb.js';
import {
  defaultIntraOpThreads,
  reportThreads,
  type PlannedThreads,
  type ThreadWish,
} from '../instances/thread-plan.js';
import { listPlaces } from '../models/instance-places.js';
import type { Log } from '../telemetry/log.js';

/** Thread counts that hold for every session whose config names none. */
export interface ThreadDefaults {
  readonly intraOpThreads?: number;
  readonly interOpThreads?: number;
  /** Threads that all instances share, in place of the cores. */
  readonly sharedThreads?: number;
}

/** A config and the versions of it that are meant. */
export interface Chosen {
  readonly config: ModelConfig;
  readonly versions: readonly number[];
}

/** Intra-op threads of an instance whose config names none. */
export function chooseIntraOpThreads(
  models: readonly Chosen[],
  coreCount: number,
  { intraOpThreads, sharedThreads }: ThreadDefaults = {},
): number {
  return intraOpThreads ?? defaultIntraOpThreads(models.flatMap(toWishes), sharedThreads ?? coreCount);
}

/** What all versions that are loaded share the cores by. */
export interface Shares {
  readonly defaultIntraOpThreads: number;
  /** Threads of the version of any model that has the fewest. */
  readonly fewestThreads: number;
}

/** How so many models share the cores. */
export function planShares(models: readonly Chosen[], coreCount: number, defaults?: ThreadDefaults): Shares {
  const defaultThreads = chooseIntraOpThreads(models, coreCount, defaults);
  return { defaultIntraOpThreads: defaultThreads, fewestThreads: countFewestThreads(models, defaultThreads) };
}

function toWishes({ config, versions }: Chosen): ThreadWish[] {
  return versions.flatMap(() =>
    listPlaces(config).map(({ intraOpThreads }) => ({ instanceCount: 1, intraOpThreads })),
  );
}

/** Threads of all instances of the version that has the fewest. */
export function countFewestThreads(models: readonly Chosen[], defaultThreads: number): number {
  const counts = models.map(({ config }) =>
    listPlaces(config).reduce((sum, { intraOpThreads = defaultThreads }) => sum + intraOpThreads, 0),
  );
  return counts.length === 0 ? 1 : Math.min(...counts);
}

/** Tells once who computes with how many threads, and warns when the cores are too few for them. */
export function logThreads(
  models: readonly Chosen[],
  { coreCount, intraOpThreads }: { coreCount: number; intraOpThreads: number },
  log: Log,
): void {
  const rows = models.flatMap((model) => toRows(model, intraOpThreads));
  if (rows.length === 0) return;
  const { lines, warning } = reportThreads(rows, coreCount);
  for (const line of lines) log.info(line);
  if (warning !== undefined) log.warning(warning);
}

/** One row for each version and thread count. */
function toRows({ config, versions }: Chosen, defaultThreads: number): PlannedThreads[] {
  const counts = new Map<number, number>();
  for (const { intraOpThreads = defaultThreads } of listPlaces(config)) {
    counts.set(intraOpThreads, (counts.get(intraOpThreads) ?? 0) + 1);
  }
  return versions.flatMap((version) =>
    [...counts].map(([intraOpThreads, instanceCount]) => ({
      model: config.name,
      version,
      instanceCount,
      intraOpThreads,
    })),
  );
}
