import { autoComplete, namesTensors, type Completion } from '../config/auto-complete.js';
import { completeModelConfig } from '../config/complete.js';
import { toSessionSettings } from '../config/parameters.js';
import { printModelConfig } from '../config/print.js';
import { describeProblem, type Problem } from '../config/problem.js';
import { checkModelConfig, type RuleContext } from '../config/rules.js';
import type { ModelConfig } from '../generated/model_config_pb.js';
import { InferenceError } from '../inference/error.js';
import { inspectModel } from '../instances/inspect.js';
import type { Log } from '../telemetry/log.js';
import type { ConfigOptions } from './config-options.js';

/** The version of a model whose config is to be completed. */
export interface CompletedVersion {
  readonly config: ModelConfig;
  readonly modelFile: string;
  /** Where a field of the config stands, if it was read from a text. */
  readonly placeOf?: RuleContext['placeOf'];
}

export interface CompletionContext {
  readonly gpus: readonly number[];
  readonly configs: ConfigOptions;
  readonly log: Log;
}

/** A version's config with what its model says, all that stands against it, and what was chosen for the user. */
export type Completed = Completion;

/**
 * The config that a version is loaded with: what it leaves out is read from that version's model, then it is
 * normalised and checked as a whole. Fails with the first thing that is wrong; all of them are in the log.
 */
export async function completeVersion(
  version: CompletedVersion,
  context: CompletionContext,
): Promise<ModelConfig> {
  const { log } = context;
  const { name } = version.config;
  const { config, problems, warnings } = await tryCompletion(version, context);
  for (const warning of warnings) log.warning(warning, { model: name });
  refuse(name, problems, log);
  log.verbose(1, `config of '${name}' as it is used: ${printModelConfig(config)}`);
  return config;
}

/** As `completeVersion`, for whoever wants to know all that is wrong; throws where the model cannot be asked. */
export async function tryCompletion(
  version: CompletedVersion,
  context: CompletionContext,
): Promise<Completed> {
  const { gpus, configs } = context;
  const asked = configs.autoComplete
    ? await askModel(version, context)
    : { config: version.config, problems: [], warnings: [] };
  if (asked.problems.length > 0) return asked;
  const { config, warnings } = asked;
  const around = { folder: version.config.name, hasOnnxFile: true, gpus };
  completeModelConfig(config, around);
  const problems = checkModelConfig(config, { ...around, placeOf: version.placeOf });
  return { config, problems, warnings };
}

async function askModel(
  { config, modelFile }: CompletedVersion,
  { configs, log }: CompletionContext,
): Promise<Completed> {
  const { name: model } = config;
  if (namesTensors(config)) {
    log.info(
      `skipping model configuration auto-complete for '${model}': inputs and outputs already specified`,
      { model },
    );
    return { config, problems: [], warnings: [] };
  }
  const { graphOptimization } = toSessionSettings(config);
  const facts = await inspectModel({ modelFile, modelName: model, graphOptimization });
  return autoComplete(config, facts, configs);
}

function refuse(model: string, [first, ...others]: readonly Problem[], log: Log): void {
  if (first === undefined) return;
  for (const other of others) log.error(`also wrong with '${model}': ${describeProblem(other)}`, { model });
  throw new InferenceError(first.code, describeProblem(first));
}
