import { sameButForInstances, sameConfig } from '../config/compare.js';
import type { ModelConfig } from '../generated/model_config_pb.js';
import { sameVersionFiles, type ModelStamps } from './stamps.js';

/** What serves of a model, and what it was loaded from. */
export interface Present {
  readonly config: ModelConfig;
  /** Undefined when it was pushed over the wire: no file can tell whether it has changed. */
  readonly stamps: ModelStamps | undefined;
  /** Versions that are ready. */
  readonly versions: readonly number[];
}

/** What a model is to be. */
export interface Target {
  readonly config: ModelConfig;
  readonly stamps: ModelStamps | undefined;
  readonly versions: readonly number[];
  /** Whether it is to be loaded though nothing has changed. */
  readonly forced: boolean;
}

/** The way from the one to the other. */
export interface Actions {
  readonly load: readonly number[];
  /** Versions that go on as they are, but for their instances, which may be others. */
  readonly keep: readonly number[];
  readonly unload: readonly number[];
}

/**
 * A version is kept when its files and the model's other files are as they were and the config differs in
 * nothing but instance groups and the version policy. One that does not serve now is always loaded.
 */
export function reconcile(present: Present | undefined, target: Target): Actions {
  if (present === undefined) {
    return { load: target.versions, keep: [], unload: [] };
  }
  const alike = sameConfig(present.config, target.config);
  const mayKeep = alike ? !target.forced : sameButForInstances(present.config, target.config);
  const keep = target.versions.filter(
    (version) => mayKeep && present.versions.includes(version) && sameFiles(version, present, target),
  );
  return {
    load: target.versions.filter((version) => !keep.includes(version)),
    keep,
    unload: present.versions.filter((version) => !target.versions.includes(version)),
  };
}

function sameFiles(version: number, present: Present, target: Target): boolean {
  if (present.stamps === undefined || target.stamps === undefined) return false;
  return sameVersionFiles(version, present.stamps, target.stamps);
}
