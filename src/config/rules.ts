import {
  ModelInstanceGroup_Kind as Kind,
  ModelQueuePolicy_TimeoutAction as Action,
  type ModelConfig,
  type ModelDynamicBatching,
  type ModelInstanceGroup,
} from '../generated/model_config_pb.js';
import { checkBatchTensors } from './batch-rules.js';
import { checkGroupThreads } from './group-threads.js';
import { checkInline } from './inline-rules.js';
import { checkParameters, toSessionSettings } from './parameters.js';
import { invalid, unsupported, type Problem } from './problem.js';
import { checkTensors } from './tensor-rules.js';

/** What the machine offers and the folder is called: the facts that a config is checked against. */
export interface RuleContext {
  readonly folder: string;
  readonly gpus: readonly number[];
  /** Inputs and outputs are not looked at: the model will say what the config leaves out. */
  readonly withoutTensors?: boolean;
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
    ...(context.withoutTensors === true ? [] : checkAllTensors(config)),
    ...config.instanceGroup.flatMap((group) => [...checkInstanceGroup(group, config, context.gpus)]),
    ...checkSomeoneRuns(config),
    ...checkParameters(config),
    ...checkGroupThreads(config),
    ...checkSharing(config),
    ...checkInline(config),
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
  if (isEnsemble(config)) {
    if (platform !== 'ensemble' || backend !== '') {
      yield invalid(
        `Ensemble model '${name}' must have platform type 'ensemble' and empty backend type`,
        'write platform: "ensemble", and no backend',
      );
    }
  } else if (backend === '' && platform === '') {
    yield invalid(`must specify 'platform' or 'backend' for '${name}'`, `write ${onnxBackend}`);
  } else if (backend !== 'onnxruntime') {
    const wanted = backend || platformBackends.get(platform);
    yield wanted === undefined
      ? invalid(`unexpected platform type '${platform}' for ${name}`, otherBackend(platform))
      : invalid(
          `unable to find backend library for backend '${wanted}', try specifying runtime on the model configuration.`,
          otherBackend(wanted),
        );
  } else if (platform !== 'onnxruntime_onnx') {
    yield invalid(
      `unexpected 'platform' and 'backend' pair, got:${platform}, ${backend}`,
      `with ${onnxBackend} the only platform is "onnxruntime_onnx"; it may be left out`,
    );
  }
}

/** Platforms that stand for a backend which this server does not have. */
const platformBackends: ReadonlyMap<string, string> = new Map([
  ['tensorrt_plan', 'tensorrt'],
  ['tensorflow_graphdef', 'tensorflow'],
  ['tensorflow_savedmodel', 'tensorflow'],
  ['pytorch_libtorch', 'pytorch'],
]);

const onnxBackend = 'backend: "onnxruntime"';

/** A name close to ONNX Runtime's is a slip of the pen; any other asks for what is not here. */
function otherBackend(name: string): string {
  return /onnx|^ort/i.test(name)
    ? `write ${onnxBackend}`
    : `this server runs ONNX models only: export the model to ONNX and write ${onnxBackend}`;
}

function isEnsemble({ platform, schedulingChoice }: ModelConfig): boolean {
  return platform === 'ensemble' || schedulingChoice.case === 'ensembleScheduling';
}

function* checkAllTensors(config: ModelConfig): Generator<Problem> {
  yield* checkListed(config);
  yield* checkTensors(config);
  yield* checkBatchTensors(config);
}

/** Without auto-completion a config has to name what else would be read from the model. */
function* checkListed(config: ModelConfig): Generator<Problem> {
  if (config.output.length > 0 || config.backend !== 'onnxruntime') return;
  yield unsupported(
    `config.pbtxt of model '${config.name}' lists no output, and auto-completion of configs is switched off`,
    'list every input and output of the model with its name, data_type and dims, or start the server without --disable-auto-complete-config',
  );
}

function* checkBatching(config: ModelConfig): Generator<Problem> {
  const { name, maxBatchSize, schedulingChoice: choice } = config;
  if (maxBatchSize < 0) {
    yield invalid(
      `'max_batch_size' must be non-negative value for ${name}`,
      'write max_batch_size: 0 for a model whose tensors have no batch dimension',
    );
  }
  if (choice.case !== 'dynamicBatching') return;
  for (const size of choice.value.preferredBatchSize) {
    if (size <= 0) {
      yield invalid(
        `dynamic batching preferred size must be positive for ${name}`,
        `preferred_batch_size has ${size}`,
      );
    } else if (size > maxBatchSize) {
      yield invalid(
        `dynamic batching preferred size must be <= max batch size for ${name}`,
        `preferred_batch_size has ${size}, max_batch_size is ${maxBatchSize}`,
      );
    }
  }
  yield* checkLevels(name, choice.value);
  yield* checkOrdering(name, choice.value);
}

function* checkLevels(name: string, batching: ModelDynamicBatching): Generator<Problem> {
  const { priorityLevels: levels, defaultPriorityLevel, priorityQueuePolicy } = batching;
  if (levels === 0n) return;
  if (defaultPriorityLevel < 1n || defaultPriorityLevel > levels) {
    yield invalid(
      `default priority level must be in range [1, ${levels}] for ${name}`,
      `default_priority_level is ${defaultPriorityLevel}, priority_levels is ${levels}`,
    );
  }
  for (const key of Object.keys(priorityQueuePolicy)) {
    if (BigInt(key) >= 1n && BigInt(key) <= levels) continue;
    yield invalid(
      `priority queue policy must have priority level in range [1, ${levels}] for ${name}`,
      `priority_queue_policy has key ${key}, priority_levels is ${levels}`,
    );
  }
}

/** Answers in order of arrival cannot be had where requests overtake each other. */
function* checkOrdering(name: string, batching: ModelDynamicBatching): Generator<Problem> {
  if (!batching.preserveOrdering) return;
  if (batching.priorityLevels > 1n) {
    yield invalid(
      `Only one priority level is allowed when 'preserve_ordering' is true for ${name}`,
      `priority_levels is ${batching.priorityLevels}: remove it, or preserve_ordering`,
    );
  }
  const policies = [batching.defaultQueuePolicy, ...Object.values(batching.priorityQueuePolicy)];
  if (
    policies.some(
      (policy) => policy?.timeoutAction === Action.DELAY && policy.defaultTimeoutMicroseconds > 0n,
    )
  ) {
    yield invalid(
      `Queue policy can not have DELAY as timeout action when 'preserve_ordering' is true for ${name}`,
      'write timeout_action: REJECT, or remove preserve_ordering',
    );
  }
}

/** What Triton has and this server has not yet: refused by name, never ignored. */
function* checkUnsupported(config: ModelConfig): Generator<Problem> {
  const refuse = (what: string, remedy: string): Problem =>
    unsupported(`${what} is not supported yet for ${config.name}`, remedy);
  if (config.schedulingChoice.case === 'sequenceBatching') {
    yield refuse(
      `'sequence_batching'`,
      'a model that keeps nothing from one request to the next does without: remove it',
    );
  }
  if (isEnsemble(config)) {
    yield refuse(`'ensemble_scheduling'`, 'call the models of its steps one after another from the client');
  }
  if (config.modelTransactionPolicy?.decoupled === true) {
    yield refuse(
      `'model_transaction_policy.decoupled'`,
      'an ONNX model answers exactly once: remove model_transaction_policy',
    );
  }
  if (config.modelWarmup.length > 0) {
    yield refuse(`'model_warmup'`, 'remove it; the first request will then take longer');
  }
  if (config.modelOperations !== undefined && config.modelOperations.opLibraryFilename.length > 0) {
    yield unsupported(
      `'model_operations' is not supported for ${config.name}`,
      'onnxruntime-node cannot load libraries of custom operators: export the model without them',
    );
  }
  if ((config.modelRepositoryAgents?.agents.length ?? 0) > 0) {
    yield refuse(`'model_repository_agents'`, 'remove it, if the model works without');
  }
  for (const accelerator of config.optimization?.executionAccelerators?.cpuExecutionAccelerator ?? []) {
    yield invalid(
      `unknown Execution Accelerator '${accelerator.name}' is requested`,
      'ONNX Runtime runs here without accelerators on the CPU: remove cpu_execution_accelerator',
    );
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
        `remove gpus: [ ${group.gpus.join(', ')} ]${available.length === 0 ? ' (this server has no GPU)' : ', or set kind: KIND_GPU'}`,
      );
    }
  } else if (available.length === 0) {
    yield invalid(
      `${subject} has kind KIND_GPU but no GPUs are available`,
      'set kind: KIND_CPU; or, on a machine with an NVIDIA GPU, install the CUDA libraries of onnxruntime-node (see "GPU" in README.md)',
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
      'remove profile',
    );
  }
}

/** A passive group has no instance that takes requests. */
function* checkSomeoneRuns({ name, instanceGroup: groups }: ModelConfig): Generator<Problem> {
  if (groups.length === 0 || !groups.every((group) => group.passive)) return;
  yield invalid(
    `every instance group of model ${name} is passive: no instance would run its requests`,
    'remove passive: true from one of them, or add a group without it',
  );
}

/** A GPU has its own copy of the weights in its own memory. */
function* checkSharing(config: ModelConfig): Generator<Problem> {
  if (!toSessionSettings(config).shareWeights) return;
  for (const { name, kind } of config.instanceGroup) {
    if (kind !== Kind.GPU) continue;
    yield unsupported(
      `parameter 'nereid.share_weights' is not supported for KIND_GPU, which instance group ${name} of model ${config.name} has`,
      'remove the parameter, or set kind: KIND_CPU',
    );
  }
}
