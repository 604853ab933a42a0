import path from 'node:path';
import { chooseVersions } from '../config/version-policy.js';
import type { ModelConfig } from '../generated/model_config_pb.js';
import { InferenceError, toInferenceError } from '../inference/error.js';
import type { Log } from '../telemetry/log.js';
import { tryCompletion } from './complete-version.js';
import type { ConfigOptions } from './config-options.js';
import { finding, fromError, fromProblem, type Finding } from './finding.js';
import { readModel } from './layout.js';
import { locateModelFile, readConfig } from './model-files.js';
import { quietLog } from './quiet-log.js';
import { openSource } from './source.js';
import { listNames } from './strays.js';

export interface CompletedConfigOptions {
  readonly configs: ConfigOptions;
  readonly gpus: readonly number[];
  /** The highest that the version policy chooses when left out. */
  readonly version: number | undefined;
  readonly log: Log;
  /** Ends a download. */
  readonly signal: AbortSignal;
}

/** A model's config as the server would use it, or why it could not. */
export type CompletedConfig =
  | { readonly kind: 'completed'; readonly config: ModelConfig }
  | { readonly kind: 'wrong'; readonly findings: readonly Finding[] };

/** Reads and completes the config of the model in a folder or at a URL, without opening an instance of it. */
export async function readCompletedConfig(
  place: string,
  options: CompletedConfigOptions,
): Promise<CompletedConfig> {
  try {
    const { repository, name } = splitPlace(place);
    const source = await openSource(repository, {
      env: process.env,
      log: options.log,
      signal: options.signal,
    });
    try {
      const folder = await source.fetch(name);
      try {
        return await completeIn(folder.path, name, options);
      } finally {
        await folder.release();
      }
    } finally {
      source.close();
    }
  } catch (error) {
    return { kind: 'wrong', findings: [fromError(toInferenceError(error))] };
  }
}

/** A folder whose name is not in its path, such as `.`, gets the whole one. */
function splitPlace(place: string): { repository: string; name: string } {
  const url = /^([a-z][a-z0-9+.-]*:\/\/.+?)\/+([^/]+)\/*$/i.exec(place);
  if (url !== null) return { repository: url[1] ?? '', name: url[2] ?? '' };
  const plain = path.normalize(place);
  const whole = ['.', '..'].includes(path.basename(plain)) ? path.resolve(plain) : plain;
  return { repository: path.dirname(whole), name: path.basename(whole) };
}

async function completeIn(
  folder: string,
  name: string,
  { configs, gpus, version, log }: CompletedConfigOptions,
): Promise<CompletedConfig> {
  const layout = await readModel(folder, log, name);
  const read = await readConfig(layout, { gpus, configs });
  const { config, problems, placeOf } = read;
  if (problems.length > 0) {
    return { kind: 'wrong', findings: problems.map((problem) => fromProblem(problem, read)) };
  }
  const wanted = version ?? chooseVersions(config, layout.versions).chosen.at(-1) ?? 0;
  if (!layout.versions.includes(wanted)) {
    const there = listNames(layout.versions.toSorted((a, b) => a - b).map(String));
    return { kind: 'wrong', findings: [tellNoVersion({ name, wanted, there })] };
  }
  try {
    const modelFile = await locateModelFile(config, folder, wanted);
    const completed = await tryCompletion({ config, modelFile, placeOf }, { gpus, configs, log: quietLog() });
    for (const warning of completed.warnings) log.warning(warning, { model: name });
    if (completed.problems.length === 0) return { kind: 'completed', config: completed.config };
    return { kind: 'wrong', findings: completed.problems.map((problem) => fromProblem(problem, read)) };
  } catch (error) {
    if (!(error instanceof InferenceError)) throw error;
    return { kind: 'wrong', findings: [fromError(error, { config, places: read })] };
  }
}

function tellNoVersion(found: { name: string; wanted: number; there: string }): Finding {
  const { name, wanted, there } = found;
  return finding(`model '${name}' has no version ${wanted}`, `ask for one that is there: ${there || 'none'}`);
}
