import {
  ModelInstanceGroup_Kind as Kind,
  type ModelConfig,
  type ModelInstanceGroup,
} from '../generated/model_config_pb.js';
import { checkParameters } from './parameters.js';
import { invalid, type Problem } from './problem.js';
import { checkTensors } from './tensor-rules.js';

/** What the machine offers and the folder is called: the facts that a config is checked against. */
export interface RuleContext {
  readonly folder: string;
  readonly gpus: readonly number[];
}

/**
 * Everything that is wrong with a completed config, in the order in which Triton looks: its first text
 * is the first here.
 */
export function checkModelConfig(config: ModelConfig, context: RuleContext): Problem[] {
  return [
    ...checkIdentity(config, context.folder),
    ...checkBatching(config),
    ...checkUnsupported(config),
    ...checkTensors(config),
    ...config.instanceGroup.flatMap((group) => [...checkInstanceGroup(group, config, context.gpus)]),
    ...checkParameters(config),
  ];
}

function* checkIdentity(config: ModelConfig, folder: string): Generator<Problem> {
  const { name, platform, backend } = config;
  if (name !== folder) {
    yield invalid(
      `unexpected directory name '${folder}' for model '${name}', directory name must equal model name`,
      `rename the folder to '${name}', or remove the line name: "${name}"`,
    );
  }
  if (platform === '' && backend === '') {
    yield invalid(`must specify 'platform' or 'backend' for '${name}'`, 'add backend: "onnxruntime"');
  } else if (backend === 'onnxruntime' && platform !== 'onnxruntime_onnx') {
    yield invalid(
      `unexpected 'platform' and 'backend' pair, got:${platform}, ${backend}`,
      'with backend: "onnxruntime" the only platform is "onnxruntime_onnx"; it may be left out',
    );
  } else if (platform !== 'ensemble' && backend !== 'onnxruntime') {
    const wanted = backend === '' ? platform : backend;
    yield invalid(
      `unable to find backend library for backend '${wanted}', try specifying runtime on the model configuration.`,
      'this server runs ONNX models: export the model to ONNX and set backend: "onnxruntime"',
    );
  }
}

function* checkBatching(config: ModelConfig): Generator<Problem> {
  const { name, maxBatchSize, schedulingChoice: choice } = config;
  if (maxBatchSize < 0) yield invalid(`'max_batch_size' must be non-negative value for ${name}`);
  if (choice.case !== 'dynamicBatching') return;
  for (const size of choice.value.preferredBatchSize) {
    if (size <= 0) {
      yield invalid(`dynamic batching preferred size must be positive for ${name}`);
    } else if (size > maxBatchSize) {
      yield invalid(
        `dynamic batching preferred size must be <= max batch size for ${name}`,
        `preferred_batch_size has ${size}, max_batch_size is ${maxBatchSize}`,
      );
    }
  }
  const { priorityLevels: levels, defaultPriorityLevel } = choice.value;
  if (levels !== 0n && (defaultPriorityLevel < 1n || defaultPriorityLevel > levels)) {
    yield invalid(`default priority level must be in range [1, ${levels}] for ${name}`);
  }
}

/** What Triton has and this server has not yet: refused by name, never ignored. */
function* checkUnsupported(config: ModelConfig): Generator<Problem> {
  const refuse = (what: string, remedy = ''): Problem => ({
    code: 'unsupported',
    message: `${what} is not supported yet for ${config.name}`,
    remedy,
  });
  if (config.schedulingChoice.case === 'sequenceBatching') yield refuse(`'sequence_batching'`);
  if (config.schedulingChoice.case === 'ensembleScheduling' || config.platform === 'ensemble') {
    yield refuse(`'ensemble_scheduling'`);
  }
  if (config.modelTransactionPolicy?.decoupled === true) {
    yield refuse(
      `'model_transaction_policy.decoupled'`,
      'an ONNX model answers exactly once: remove model_transaction_policy',
    );
  }
  if (config.batchInput.length > 0) yield refuse(`'batch_input'`);
  if (config.batchOutput.length > 0) yield refuse(`'batch_output'`);
  if (config.input.some((input) => input.allowRaggedBatch)) yield refuse(`'allow_ragged_batch'`);
  if (config.modelWarmup.length > 0) yield refuse(`'model_warmup'`);
  if (config.modelOperations !== undefined && config.modelOperations.opLibraryFilename.length > 0) {
    yield refuse(`'model_operations'`, 'onnxruntime-node cannot load custom operator libraries');
  }
  if ((config.modelRepositoryAgents?.agents.length ?? 0) > 0) yield refuse(`'model_repository_agents'`);
  for (const accelerator of config.optimization?.executionAccelerators?.cpuExecutionAccelerator ?? []) {
    yield invalid(`unknown Execution Accelerator '${accelerator.name}' is requested`);
  }
}

function* checkInstanceGroup(
  group: ModelInstanceGroup,
  config: ModelConfig,
  available: readonly number[],
): Generator<Problem> {
  const subject = `instance group ${group.name} of model ${config.name}`;
  if (group.kind !== Kind.GPU) {
    if (group.gpus.length > 0) {
      yield invalid(
        `${subject} has kind ${group.kind === Kind.CPU ? 'KIND_CPU' : 'KIND_MODEL'} but specifies one or more GPUs`,
      );
    }
  } else if (available.length === 0) {
    yield invalid(
      `${subject} has kind KIND_GPU but no GPUs are available`,
      'set kind: KIND_CPU, or see "GPU" in README.md: it needs an NVIDIA GPU and the CUDA libraries of onnxruntime-node',
    );
  } else {
    for (const id of group.gpus.filter((id) => !available.includes(id))) {
      yield invalid(
        `${subject} specifies invalid or unsupported gpu id ${id}`,
        `the GPUs here are: ${available.join(', ')}`,
      );
    }
  }
  if (group.profile.length > 0) {
    yield invalid(
      `${subject} and platform ${config.platform} specifies profile field which is only supported for TensorRT models`,
    );
  }
  if (group.passive) {
    yield { code: 'unsupported', message: `'passive' is not supported yet for ${subject}`, remedy: '' };
  }
}
