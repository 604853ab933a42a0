import { listNotes } from '../config/notes.js';
import { toSessionSettings } from '../config/parameters.js';
import { chooseVersions } from '../config/version-policy.js';
import type { ModelConfig } from '../generated/model_config_pb.js';
import { toInferenceError } from '../inference/error.js';
import { inspectModel } from '../instances/inspect.js';
import { tryVersion } from '../models/try-version.js';
import { tryCompletion, type CompletionContext } from './complete-version.js';
import type { ConfigOptions } from './config-options.js';
import { finding, fromError, fromProblem, mergeVersions, type Finding } from './finding.js';
import { readModel } from './layout.js';
import { locateModelFile, readConfig, type ReadConfig } from './model-files.js';
import { quietLog } from './quiet-log.js';
import type { ModelSource } from './source.js';
import { findLooseModel, findModelStrays, listNames } from './strays.js';

export interface ModelCheckOptions {
  readonly configs: ConfigOptions;
  readonly gpus: readonly number[];
  /** For instances whose config names no number. */
  readonly intraOpThreads: number;
  readonly interOpThreads?: number | undefined;
}

/** What became of a version: it runs, something stands against it, or its config was too wrong to try. */
export type VersionOutcome = 'ok' | 'wrong' | 'untried';

export interface CheckedVersion {
  readonly version: number;
  readonly outcome: VersionOutcome;
  /** As it would be used; undefined when that could not be told. */
  readonly config: ModelConfig | undefined;
}

export interface CheckedModel {
  readonly name: string;
  readonly repository: string;
  /** Those that its version policy chooses, ascending. */
  readonly versions: readonly CheckedVersion[];
  readonly findings: readonly Finding[];
  /** What is accepted and does less here than it says, and what was chosen for the user. */
  readonly notes: readonly string[];
}

/** A model while it is being checked. */
interface Trial {
  readonly folder: string;
  readonly options: ModelCheckOptions;
  readonly context: CompletionContext;
  readonly findings: Finding[];
  readonly notes: string[];
}

/**
 * Tests a model as a load would, and further: parse, complete, check, open, run once. Versions come one after
 * another, each closed before the next. Whatever is wrong is in the result; it never rejects.
 */
export async function checkModel(
  { name, source }: { readonly name: string; readonly source: ModelSource },
  options: ModelCheckOptions,
): Promise<CheckedModel> {
  const checked = { name, repository: source.place };
  try {
    const folder = await source.fetch(name);
    try {
      const context = { gpus: options.gpus, configs: options.configs, log: quietLog() };
      const trial: Trial = { folder: folder.path, options, context, findings: [], notes: [] };
      const versions = await checkFolder(name, trial);
      const findings = mergeVersions(trial.findings);
      // A copy's place says nothing to whoever knows the original's.
      const shown = source.localFolder === undefined ? `${source.place}/${name}` : folder.path;
      return replaceIn(
        { ...checked, versions, findings, notes: [...new Set(trial.notes)] },
        folder.path,
        shown,
      );
    } finally {
      await folder.release();
    }
  } catch (error) {
    return { ...checked, versions: [], findings: [fromError(toInferenceError(error))], notes: [] };
  }
}

async function checkFolder(name: string, trial: Trial): Promise<CheckedVersion[]> {
  const { folder, context, findings, notes } = trial;
  const strays = await findModelStrays(folder);
  findings.push(...strays.findings);
  const layout = await readModel(folder, context.log, name);
  let read: ReadConfig;
  try {
    read = await readConfig(layout, { gpus: context.gpus, configs: context.configs });
  } catch (error) {
    findings.push(fromError(toInferenceError(error)));
    return untried(layout.versions, undefined);
  } finally {
    notes.push(...strays.notes);
  }
  const { config, problems } = read;
  findings.push(...problems.map((problem) => fromProblem(problem, read)));
  notes.push(...listNotes(config).map(({ text }) => text));
  const chosen = await choose(config, layout.versions, trial);
  if (problems.length > 0) return untried(chosen, config);
  const versions: CheckedVersion[] = [];
  for (const version of chosen) versions.push(await checkVersion(read, version, trial));
  return versions;
}

function untried(versions: readonly number[], config: ModelConfig | undefined): CheckedVersion[] {
  return [...versions].sort((a, b) => a - b).map((version) => ({ version, outcome: 'untried', config }));
}

async function choose(
  config: ModelConfig,
  present: readonly number[],
  { folder, findings, notes }: Trial,
): Promise<readonly number[]> {
  const loose = await findLooseModel(folder);
  if (loose !== undefined && present.length > 0) {
    notes.push(`'${loose}' lies in no version folder, and is passed over`);
  }
  try {
    const { chosen, missing } = chooseVersions(config, present);
    const left = present.filter((version) => !chosen.includes(version)).sort((a, b) => a - b);
    if (left.length > 0) notes.push(`not chosen by version_policy: ${listNames(left.map(String))}`);
    findings.push(...missing.map((version) => missingVersion(version, present)));
    return chosen;
  } catch (error) {
    const found = fromError(toInferenceError(error));
    const isMove = loose !== undefined && present.length === 0;
    findings.push(isMove ? { ...found, remedy: `move '${loose}' to '1/model.onnx'` } : found);
    return [];
  }
}

function missingVersion(version: number, present: readonly number[]): Finding {
  return finding(
    `version ${version} is specified by version_policy, but the version directory is not present`,
    `put the model into the folder '${version}', or specify only versions that are there: ${listNames(present.map(String))}`,
  );
}

async function checkVersion(read: ReadConfig, version: number, trial: Trial): Promise<CheckedVersion> {
  const { folder, options, context, findings, notes } = trial;
  const about = { versions: [version] };
  let config: ModelConfig | undefined;
  try {
    const modelFile = await locateModelFile(read.config, folder, version);
    const { placeOf } = read;
    const completed = await tryCompletion({ config: read.config, modelFile, placeOf }, context);
    notes.push(...completed.warnings);
    const wrong = completed.problems.map((problem) => ({ ...fromProblem(problem, read), ...about }));
    findings.push(...wrong);
    config = completed.config;
    if (wrong.length > 0) return { version, outcome: 'wrong', config };
    const { intraOpThreads: defaultIntraOpThreads, interOpThreads: defaultInterOpThreads } = options;
    const threads = { defaultIntraOpThreads, defaultInterOpThreads };
    await tryVersion({ config, version, folder, modelFile, ...threads }, context.log);
    return { version, outcome: 'ok', config };
  } catch (error) {
    const known = { config: config ?? read.config, places: read };
    const found = fromError(toInferenceError(error), known);
    const remedy = found.remedy + (await tellInputs(found, { folder, version, config: known.config }));
    findings.push({ ...found, ...about, remedy });
    return { version, outcome: 'wrong', config: known.config };
  }
}

/** Where a config lists too many or too few inputs: those that the model has. */
async function tellInputs(
  { message }: Finding,
  { folder, version, config }: { folder: string; version: number; config: ModelConfig },
): Promise<string> {
  if (!/configuration expects \d+ inputs/.test(message)) return '';
  const { graphOptimization } = toSessionSettings(config);
  try {
    const modelFile = await locateModelFile(config, folder, version);
    const { inputs } = await inspectModel({ modelFile, modelName: config.name, graphOptimization });
    return `; the model's inputs are ${listNames(inputs.map(({ name }) => name))}`;
  } catch {
    return '';
  }
}

function replaceIn(checked: CheckedModel, folder: string, shown: string): CheckedModel {
  if (folder === shown) return checked;
  const replace = (text: string): string => text.replaceAll(folder, shown);
  const findings = checked.findings.map((one) => ({
    ...one,
    message: replace(one.message),
    remedy: replace(one.remedy),
    file: one.file === undefined ? undefined : replace(one.file),
  }));
  return { ...checked, findings, notes: checked.notes.map(replace) };
}
