import type { ModelConfig } from '../generated/model_config_pb.js';
import { runsOnGpu } from './rules/backend.js';
import { delayModeKey, objectiveKey } from './batching.js';
import { nearest } from './nearest.js';
import { at, invalid, unsupported, type Problem } from './problem.js';

/** How ONNX Runtime shall open and run a model; `undefined` leaves the choice to the server or the runtime. */
export interface SessionSettings {
  readonly intraOpThreads: number | undefined;
  readonly interOpThreads: number | undefined;
  readonly parallel: boolean;
  readonly memoryArena: boolean;
  readonly memoryPattern: boolean;
  readonly graphOptimization: 'disabled' | 'basic' | 'extended' | 'all';
  /** Whether all instances of a version read one copy of its weights. */
  readonly shareWeights: boolean;
  /** Forwarded to ONNX Runtime as session config entries. */
  readonly entries: Readonly<Record<string, string>>;
}

/** All instances of a version read one copy of its weights. */
const shareWeights = 'nereid.share_weights';
/** Where the instances of a model run: each in a thread of its own, or its one instance on the event loop. */
export const instancesKey = 'nereid.instances';
const deviceInitializers = 'session.use_device_allocator_for_initializers';

/** Keys of `parameters` that take effect, and how their text is checked. */
const known: ReadonlyMap<string, (value: string) => string | undefined> = new Map([
  ['intra_op_thread_count', checkCount],
  ['inter_op_thread_count', checkCount],
  ['execution_mode', checkExecutionMode],
  ['enable_mem_arena', checkBoolean],
  ['enable_mem_pattern', checkBoolean],
  [deviceInitializers, checkBoolean],
  [shareWeights, checkBoolean],
]);

/** An option of each run, which onnxruntime-node does not pass on. */
const arenaShrinkage = 'memory.enable_memory_arena_shrinkage';
/** Names a library that decides what is batched; other schedulers do not ask it. */
const batchStrategy = 'TRITON_BATCH_STRATEGY_PATH';

/** Integers that only matter on a GPU and were replaced by accelerator parameters, which do not get there either. */
const gpuOnly = [
  'cudnn_conv_algo_search',
  'gpu_mem_limit',
  'arena_extend_strategy',
  'do_copy_in_default_stream',
];

/** Keys of our own, and how their text is checked. */
const own: ReadonlyMap<string, (value: string) => string | undefined> = new Map([
  [delayModeKey, checkDelayMode],
  [objectiveKey, checkObjective],
  [instancesKey, checkInstances],
]);

/** A key that goes on with the name of an instance group gives the group a thread count of its own. */
export const groupThreadsPrefix = 'nereid.intra_op_thread_count.';

export function* checkParameters(config: ModelConfig): Generator<Problem> {
  for (const [key, { stringValue }] of Object.entries(config.parameters)) {
    for (const problem of checkParameter(key, stringValue, config)) yield at(`parameters["${key}"]`, problem);
  }
  yield* checkDelay(config);
}

function* checkParameter(key: string, value: string, config: ModelConfig): Generator<Problem> {
  const { name } = config;
  const forGpu = gpuOnly.includes(key) && runsOnGpu(config);
  const wrong = known.get(key)?.(value) ?? (forGpu ? checkCount(value) : undefined);
  if (wrong !== undefined) {
    yield invalid(
      wrong,
      wrong.includes('boolean') ? 'write "true" or "false"' : 'write an integer, as in "1"',
    );
  }
  const remedy = refusal(key, config);
  if (remedy !== undefined) yield unsupported(`parameter '${key}' is not supported for ${name}`, remedy);
  if (!key.startsWith('nereid.') || known.has(key) || key.startsWith(groupThreadsPrefix)) return;
  const check = own.get(key);
  const problem = check?.(value);
  if (problem !== undefined) {
    yield invalid(
      `parameter '${key}' of model '${name}': ${problem}`,
      'correct the value, or remove the parameter',
    );
  }
  if (check !== undefined) return;
  const meant = nearest(key, [...own.keys(), shareWeights]);
  yield unsupported(
    `unknown parameter '${key}' for ${name}`,
    meant === undefined ? 'remove it' : `did you mean '${meant}'?`,
  );
}

/** What mends the use of a key that Triton honours and this server cannot; undefined for all others. */
function refusal(key: string, { schedulingChoice }: ModelConfig): string | undefined {
  if (key === arenaShrinkage) {
    return 'onnxruntime-node passes no such option to a run: remove it, or have all memory given back after each run with enable_mem_arena "0"';
  }
  if (key === batchStrategy && schedulingChoice.case === 'dynamicBatching') {
    return 'this server loads no libraries of batching strategies: remove it';
  }
  return undefined;
}

/** What is said of waiting must have something to wait, and not contradict itself. */
function* checkDelay({ name, parameters, schedulingChoice }: ModelConfig): Generator<Problem> {
  const [mode, objective] = [parameters[delayModeKey], parameters[objectiveKey]];
  const given = mode === undefined ? objectiveKey : delayModeKey;
  if ((mode ?? objective) !== undefined && schedulingChoice.case !== 'dynamicBatching') {
    yield at(
      `parameters["${given}"]`,
      invalid(
        `parameter '${given}' has no effect without dynamic_batching for ${name}`,
        'add dynamic_batching { }, or remove the parameter',
      ),
    );
  }
  if (mode?.stringValue === 'exact' && objective !== undefined) {
    yield at(
      `parameters["${objectiveKey}"]`,
      invalid(
        `parameter '${objectiveKey}' needs an adaptive delay for ${name}, but '${delayModeKey}' is 'exact'`,
        'remove one of the two',
      ),
    );
  }
}

/** Keys that are read by nobody here, each worth one log line. */
export function unusedParameters(config: ModelConfig): { key: string; reason: string }[] {
  return Object.keys(config.parameters)
    .filter((key) => !known.has(key) && refusal(key, config) === undefined && !key.startsWith('nereid.'))
    .map((key) => ({ key, reason: whyUnused(key, config) }));
}

function whyUnused(key: string, config: ModelConfig): string {
  if (key === batchStrategy) return 'has an effect only with dynamic_batching';
  if (!gpuOnly.includes(key)) return 'is not known to this server';
  return runsOnGpu(config) ? 'is not passed on by onnxruntime-node' : 'has an effect only on a GPU';
}

/** The settings of a config whose parameters were checked. */
export function toSessionSettings(config: ModelConfig): SessionSettings {
  const text = (key: string): string => config.parameters[key]?.stringValue ?? '';
  const initializers = text(deviceInitializers);
  return {
    intraOpThreads: positiveCount(text('intra_op_thread_count')),
    interOpThreads: positiveCount(text('inter_op_thread_count')),
    parallel: parseCount(text('execution_mode')) === 1,
    memoryArena: parseBoolean(text('enable_mem_arena')) ?? true,
    memoryPattern: parseBoolean(text('enable_mem_pattern')) ?? true,
    graphOptimization: graphOptimization(config.optimization?.graph?.level ?? 0),
    shareWeights: parseBoolean(text(shareWeights)) ?? false,
    entries:
      initializers === '' ? {} : { [deviceInitializers]: parseBoolean(initializers) === true ? '1' : '0' },
  };
}

function graphOptimization(level: number): SessionSettings['graphOptimization'] {
  if (level === -1) return 'basic';
  if (level === 1) return 'extended';
  return level === 2 ? 'disabled' : 'all';
}

/** Triton's booleans; undefined for anything else. */
export function parseBoolean(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  if (['true', 'on', '1'].includes(lower)) return true;
  return ['false', 'off', '0'].includes(lower) ? false : undefined;
}

/** A count in a parameter's text; undefined where it leaves the choice to the server. */
export function positiveCount(text: string): number | undefined {
  const count = parseCount(text) ?? 0;
  return count > 0 ? count : undefined;
}

/** The leading integer of a text, as Triton reads one; undefined where there is none or it is too large. */
function parseCount(text: string): number | undefined {
  const count = Number.parseInt(text, 10);
  return Math.abs(count) <= 2147483647 ? count : undefined;
}

/** What is wrong with a text that should be a count, in Triton's words. */
export function checkCount(value: string): string | undefined {
  return parseCount(value) === undefined ? `failed to convert '${value}' to integral number` : undefined;
}

function checkBoolean(value: string): string | undefined {
  return parseBoolean(value) === undefined ? `failed to convert '${value}' to boolean` : undefined;
}

function checkDelayMode(value: string): string | undefined {
  return value === 'exact' || value === 'adaptive'
    ? undefined
    : `'${value}' is neither 'exact' nor 'adaptive'`;
}

function checkObjective(value: string): string | undefined {
  const valid = /^\d+(\.\d+)?$/.test(value) && Number(value) > 0;
  return valid ? undefined : `'${value}' is no time in milliseconds, like '20'`;
}

function checkInstances(value: string): string | undefined {
  return value === 'threads' || value === 'inline'
    ? undefined
    : `'${value}' is neither 'threads' nor 'inline'`;
}

/** Whether the model's one instance runs on the event loop itself. */
export function runsInline({ parameters }: ModelConfig): boolean {
  return parameters[instancesKey]?.stringValue === 'inline';
}

function checkExecutionMode(value: string): string | undefined {
  const mode = parseCount(value);
  if (mode === undefined || mode === 0 || mode === 1) return checkCount(value);
  return `Invalid configuration value provided. Expected values for  execution_mode are 0 or 1 but got ${mode} .`;
}
