import { autoComplete, namesTensors } from '../config/auto-complete.js';
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

/**
 * The config that a version is loaded with: what it leaves out is read from that version's model, then it is
 * normalised and checked as a whole. Fails with the first thing that is wrong; all of them are in the log.
 */
export async function completeVersion(
  version: CompletedVersion,
  context: CompletionContext,
): Promise<ModelConfig> {
  const { gpus, configs, log } = context;
  const { name } = version.config;
  const config = configs.autoComplete ? await askModel(version, context) : version.config;
  const around = { folder: name, hasOnnxFile: true, gpus };
  completeModelConfig(config, around);
  refuse(name, checkModelConfig(config, { ...around, placeOf: version.placeOf }), log);
  log.verbose(1, `config of '${name}' as it is used: ${printModelConfig(config)}`);
  return config;
}

async function askModel(
  { config, modelFile }: CompletedVersion,
  { configs, log }: CompletionContext,
): Promise<ModelConfig> {
  const { name: model } = config;
  if (namesTensors(config)) {
    log.info(
      `skipping model configuration auto-complete for '${model}': inputs and outputs already specified`,
      { model },
    );
    return config;
  }
  const { graphOptimization } = toSessionSettings(config);
  const facts = await inspectModel({ modelFile, modelName: model, graphOptimization });
  const completion = autoComplete(config, facts, configs);
  for (const warning of completion.warnings) log.warning(warning, { model });
  refuse(model, completion.problems, log);
  return completion.config;
}

function refuse(model: string, [first, ...others]: readonly Problem[], log: Log): void {
  if (first === undefined) return;
  for (const other of others) log.error(`also wrong with '${model}': ${describeProblem(other)}`, { model });
  throw new InferenceError(first.code, describeProblem(first));
}
