import { toModelSpec } from '../config/tensor-spec.js';
import { toWarmup } from '../config/warmup.js';
import type { Log } from '../telemetry/log.js';
import { checkChecksums } from './checksums.js';
import { dryRun } from './dry-run.js';
import { listPlaces } from './instance-places.js';
import { readLabels } from './labels.js';
import { openerFor, type InstanceSource } from './open-instance.js';
import { prepareWarmUp } from './warmup.js';

export interface TriedVersion extends Omit<InstanceSource, 'spec' | 'warmUp'> {
  /** The model's folder, where label files, the data of its warm-up and files with a checksum lie. */
  readonly folder: string;
}

/**
 * Loads a version as the server would, runs it once and closes it: one instance on each device that its config
 * names, one after another, with the samples of `model_warmup` or, where there are none, made-up input. Throws
 * what stands against it; nothing of it is left open either way.
 */
export async function tryVersion(source: TriedVersion, log: Log): Promise<void> {
  const { config, folder } = source;
  await checkChecksums(config, folder);
  const spec = toModelSpec(config);
  await readLabels(spec, folder);
  const warmUp = await prepareWarmUp(config, { spec, folder }, log);
  const places = listPlaces(config);
  const open = openerFor({ ...source, spec, warmUp }, places, { log, onSlow: () => {} });
  for (const [index, { gpu }] of places.entries()) {
    if (places.findIndex((place) => place.gpu === gpu) !== index) continue;
    const instance = await open(index, () => {});
    try {
      if (toWarmup(config).length === 0) await dryRun(instance, spec);
    } finally {
      await instance.close();
    }
  }
}
