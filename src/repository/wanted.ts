import { describeProblem } from '../config/problem.js';
import type { RuleContext } from '../config/rules.js';
import { chooseVersions } from '../config/version-policy.js';
import { InferenceError, toInferenceError } from '../inference/error.js';
import type { Log } from '../telemetry/log.js';
import type { CompletionContext } from './complete-version.js';
import { readModel, type ModelLayout } from './layout.js';
import { readConfig } from './model-files.js';
import { logConfigNotes } from './notes.js';
import { writeOverride, type LoadOverride } from './override.js';
import type { Target } from './reconcile.js';
import type { ModelPlace } from './look.js';
import type { ModelFolder } from './source.js';
import { sameStamps, type ModelStamps } from './stamps.js';

/** A model whose config was read and found right, and the versions of it that shall serve. */
export interface Wanted extends Target {
  readonly kind: 'wanted';
  readonly layout: ModelLayout;
  /** Has one user: whoever got this. */
  readonly folder: ModelFolder;
  /** The repository that it lies in, as the user named that; undefined when it came with a call. */
  readonly repository: string | undefined;
  /** Where a field of the config stands, if it was read from a text. */
  readonly placeOf: RuleContext['placeOf'];
}

/** A model that cannot be loaded, and the versions of it that are there. */
export interface Refused {
  readonly kind: 'refused';
  readonly error: InferenceError;
  /** Whether the config was right and only chose no version. */
  readonly withoutVersions: boolean;
  readonly versions: readonly number[];
  /** What it was like; undefined when its files could not be had, which may be otherwise the next time. */
  readonly stamps: ModelStamps | undefined;
}

/** A model that lies there as it serves. */
export interface Unchanged {
  readonly kind: 'unchanged';
  readonly stamps: ModelStamps;
}

/**
 * Finds out what a model wants to be: its files, its config as it is used, its versions; unless it is as it was when
 * `served` was loaded. Problems are logged.
 */
export async function prepare(
  place: ModelPlace,
  { override = {}, served }: { override?: LoadOverride; served?: ModelStamps | undefined },
  parts: CompletionContext,
): Promise<Wanted | Refused | Unchanged> {
  let stamps: ModelStamps | undefined;
  let folder: ModelFolder;
  try {
    // Before its files are read: what changes meanwhile is a change.
    stamps = await place.source?.stamp(place.name);
    if (stamps !== undefined && served !== undefined && sameStamps(stamps, served)) {
      return { kind: 'unchanged', stamps };
    }
    folder = await openFolder(place, override);
  } catch (error) {
    return refuse(place.name, { error: toInferenceError(error), log: parts.log });
  }
  const outcome = await readWanted(place, { override, folder, stamps }, parts);
  if (outcome.kind === 'refused') await folder.release();
  return outcome;
}

async function openFolder(
  { name, source }: ModelPlace,
  { configJson, files }: LoadOverride,
): Promise<ModelFolder> {
  if (files === undefined) {
    if (source === undefined) throw new InferenceError('not-found', `no repository holds a model '${name}'`);
    return source.fetch(name);
  }
  if (configJson === undefined) {
    throw new InferenceError(
      'invalid-argument',
      "Load parameter 'config' must be specified for model file override",
    );
  }
  return writeOverride(files);
}

async function readWanted(
  { name, source }: ModelPlace,
  {
    override,
    folder,
    stamps,
  }: { override: LoadOverride; folder: ModelFolder; stamps: ModelStamps | undefined },
  { gpus, configs, log }: CompletionContext,
): Promise<Wanted | Refused> {
  let versions: readonly number[] = [];
  let checked = false;
  try {
    const layout = await readModel(folder.path, log, name);
    versions = layout.versions;
    const { config, problems, placeOf } = await readConfig(layout, {
      gpus,
      configs,
      configJson: override.configJson,
    });
    const [first, ...others] = problems;
    if (first !== undefined) {
      const error = new InferenceError(first.code, describeProblem(first));
      return refuse(name, { error, log, versions, stamps, others: others.map(describeProblem) });
    }
    checked = true;
    const { chosen, missing } = chooseVersions(config, versions);
    for (const version of missing) {
      log.error(
        `version ${version} is specified for model '${name}', but the version directory is not present`,
      );
    }
    logConfigNotes(config, log);
    return {
      kind: 'wanted',
      layout,
      folder,
      repository: source?.place,
      config,
      placeOf,
      versions: chosen,
      stamps: override.files === undefined ? stamps : undefined,
      forced: override.files !== undefined || override.configJson !== undefined,
    };
  } catch (error) {
    const refused = toInferenceError(error);
    return refuse(name, { error: refused, log, versions, stamps, withoutVersions: checked });
  }
}

function refuse(
  name: string,
  {
    error,
    log,
    versions = [],
    stamps,
    others = [],
    withoutVersions = false,
  }: {
    error: InferenceError;
    log: Log;
    versions?: readonly number[];
    stamps?: ModelStamps | undefined;
    others?: readonly string[];
    withoutVersions?: boolean;
  },
): Refused {
  log.error(`failed to load '${name}': ${error.describe()}`, { model: name });
  for (const other of others) log.error(`also wrong with '${name}': ${other}`, { model: name });
  return { kind: 'refused', error, withoutVersions, versions, stamps };
}
