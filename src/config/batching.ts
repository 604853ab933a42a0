import { ModelQueuePolicy_TimeoutAction as Action } from '../generated/model_config_pb.js';
import type { ModelConfig, ModelDynamicBatching, ModelQueuePolicy } from '../generated/model_config_pb.js';

/** How a batcher treats `max_queue_delay_microseconds`. */
export type DelayMode =
  /** Waits as Triton does, to the letter. */
  | 'exact'
  /** The delay is a bound; the batcher learns how much of it pays. */
  | 'adaptive';

/** What holds for the requests of one priority level while they wait. */
export interface QueuePolicy {
  /** What becomes of a request whose time is over: it fails, or stands behind all that have time left. */
  readonly action: 'reject' | 'delay';
  /** 0: no limit. */
  readonly timeoutUs: number;
  /** Whether a request may ask for less time. */
  readonly overridable: boolean;
  /** Infinity: no limit. */
  readonly sizeMax: number;
}

/** What a config asks of a dynamic batcher. */
export interface BatchingSpec {
  /** Samples of a batch; 1 for a model without a batch dimension. */
  readonly batchSizeMax: number;
  /** Ascending; empty for a model without a batch dimension. */
  readonly preferredSizes: readonly number[];
  readonly delayUs: number;
  readonly delayMode: DelayMode;
  /** The p99 of a request's time here that an adaptive batcher shall hold. */
  readonly objectiveUs: number | undefined;
  readonly preserveOrdering: boolean;
  /** 0: the priorities of requests are ignored. */
  readonly levelCount: number;
  readonly defaultLevel: number;
  readonly defaultPolicy: QueuePolicy;
  /** By level, for those that have one of their own. */
  readonly policies: ReadonlyMap<number, QueuePolicy>;
}

export const delayModeKey = 'nereid.batch_delay';
export const objectiveKey = 'nereid.latency_objective_ms';

/** Above this a delay is meant to be waited for, whatever the arrivals look like. */
const adaptiveDelayMaxUs = 10_000;

/** What a checked config asks of a batcher; undefined when it asks for none. */
export function toBatchingSpec(config: ModelConfig, wanted?: DelayMode): BatchingSpec | undefined {
  const { schedulingChoice: choice, maxBatchSize } = config;
  if (choice.case !== 'dynamicBatching') return undefined;
  const batching = choice.value;
  const policies = Object.entries(batching.priorityQueuePolicy);
  const objectiveMs = config.parameters[objectiveKey]?.stringValue;
  return {
    batchSizeMax: Math.max(1, maxBatchSize),
    preferredSizes: batching.preferredBatchSize.toSorted((a, b) => a - b),
    delayUs: Number(batching.maxQueueDelayMicroseconds),
    delayMode: chooseDelay(config, batching, wanted).mode,
    objectiveUs: objectiveMs === undefined ? undefined : Number(objectiveMs) * 1000,
    preserveOrdering: batching.preserveOrdering,
    levelCount: Number(batching.priorityLevels),
    defaultLevel: Number(batching.defaultPriorityLevel),
    defaultPolicy: toPolicy(batching.defaultQueuePolicy),
    policies: new Map(policies.map(([level, policy]) => [Number(level), toPolicy(policy)])),
  };
}

/** How a model's delay is treated; `because` of what, where nobody has said it and its config looks that way. */
export interface ChosenDelay {
  readonly mode: DelayMode;
  readonly because?: string;
}

/** The model's own word counts most, then what its objective implies, then the server's, then what the config looks like. */
export function chooseDelay(
  { parameters, maxBatchSize }: ModelConfig,
  batching: ModelDynamicBatching,
  wanted?: DelayMode,
): ChosenDelay {
  const own = parameters[delayModeKey]?.stringValue;
  if (own === 'exact' || own === 'adaptive') return { mode: own };
  if (parameters[objectiveKey] !== undefined) return { mode: 'adaptive' };
  if (wanted !== undefined) return { mode: wanted };
  if (batching.preferredBatchSize.some((size) => size !== maxBatchSize)) {
    return { mode: 'exact', because: 'preferred_batch_size is given' };
  }
  if (batching.maxQueueDelayMicroseconds > adaptiveDelayMaxUs) {
    return { mode: 'exact', because: `max_queue_delay_microseconds is above ${adaptiveDelayMaxUs}` };
  }
  return { mode: 'adaptive' };
}

function toPolicy(policy: ModelQueuePolicy | undefined): QueuePolicy {
  return {
    action: policy?.timeoutAction === Action.DELAY ? 'delay' : 'reject',
    timeoutUs: Number(policy?.defaultTimeoutMicroseconds ?? 0n),
    overridable: policy?.allowTimeoutOverride ?? false,
    sizeMax: (policy?.maxQueueSize ?? 0) === 0 ? Infinity : (policy?.maxQueueSize ?? 0),
  };
}
