import type { ModelConfig } from '../generated/model_config_pb.js';
import { checkRuntime } from './rules/backend.js';
import { checkBatchTensors } from './rules/batch-tensors.js';
import { checkBatching } from './rules/batching.js';
import { checkEnsemble } from './rules/ensembles.js';
import { checkGroups } from './rules/groups.js';
import { checkGroupThreads } from './group-threads.js';
import { checkBackend, checkFolder, checkIdentity } from './rules/identity.js';
import { checkInline } from './rules/inline.js';
import { checkMetrics } from './rules/metrics.js';
import { checkParameters, instancesKey } from './parameters.js';
import { at, type Problem } from './problem.js';
import { checkSequences } from './rules/sequences.js';
import { checkTensors } from './rules/tensors.js';
import type { Place } from './text/place.js';
import { checkListed, checkSharing, checkUnsupported } from './rules/unsupported.js';
import { checkWarmup } from './warmup.js';

/** What the machine offers and the folder is called: the facts that a config is checked against. */
export interface RuleContext {
  readonly folder: string;
  readonly gpus: readonly number[];
  /** Where a field of the config stands, if it was read from a text. */
  readonly placeOf?: ((path: string) => Place | undefined) | undefined;
  /** Inputs and outputs are not looked at: the model will say what the config leaves out. */
  readonly withoutTensors?: boolean;
}

/**
 * Everything that is wrong with a completed config, in the order in which Triton looks: its first text
 * is the first here. What is right by Triton's rules and cannot be done here comes last.
 */
export function checkModelConfig(config: ModelConfig, context: RuleContext): Problem[] {
  const problems = [
    ...checkIdentity(config),
    ...checkBatching(config),
    ...checkSequences(config),
    ...checkEnsemble(config),
    ...checkMetrics(config),
    ...checkFolder(config, context.folder),
    ...checkGroups(config, context.gpus),
    ...checkBackend(config),
    ...(context.withoutTensors === true ? [] : checkAllTensors(config)),
    ...checkUnsupported(config),
    ...checkRuntime(config),
    ...checkParameters(config),
    ...checkGroupThreads(config),
    ...checkSharing(config),
    ...[...checkInline(config)].map((problem) => at(`parameters["${instancesKey}"]`, problem)),
    ...checkWarmup(config),
  ];
  return problems.map((problem) => locate(problem, context));
}

function* checkAllTensors(config: ModelConfig): Generator<Problem> {
  yield* checkListed(config);
  yield* checkTensors(config);
  yield* checkBatchTensors(config);
}

function locate(problem: Problem, { placeOf }: RuleContext): Problem {
  const place = problem.path === undefined ? undefined : placeOf?.(problem.path);
  return place === undefined ? problem : { ...problem, place };
}
