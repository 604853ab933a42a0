import {
  ModelQueuePolicy_TimeoutAction as Action,
  type ModelConfig,
  type ModelDynamicBatching,
} from '../../generated/model_config_pb.js';
import { at, invalid, type Problem } from '../problem.js';

/** Triton's rules for the batch size, the dynamic batcher and the response cache. */
export function* checkBatching(config: ModelConfig): Generator<Problem> {
  const { name, maxBatchSize, versionPolicy, schedulingChoice: choice } = config;
  if (maxBatchSize < 0) {
    yield at(
      'max_batch_size',
      invalid(
        `'max_batch_size' must be non-negative value for ${name}`,
        'write max_batch_size: 0 for a model whose tensors have no batch dimension',
      ),
    );
  }
  if (versionPolicy === undefined) {
    yield at(
      'version_policy',
      invalid(
        `must specify 'version policy' for ${name}`,
        'write version_policy { latest { num_versions: 1 } }',
      ),
    );
  }
  if (choice.case === 'dynamicBatching') {
    const text = 'dynamic batching preferred size';
    yield* checkPreferred(config, choice.value.preferredBatchSize, { text, path: 'dynamic_batching' });
    yield* checkLevels(name, choice.value);
    yield* checkOrdering(name, choice.value);
  }
  yield* checkCache(config);
}

/** Preferred sizes of any batcher. */
export function* checkPreferred(
  { name, maxBatchSize }: ModelConfig,
  sizes: readonly number[],
  { text, path }: { readonly text: string; readonly path: string },
): Generator<Problem> {
  for (const [index, size] of sizes.entries()) {
    const place = `${path}.preferred_batch_size[${index}]`;
    if (size <= 0) {
      yield at(
        place,
        invalid(`${text} must be positive for ${name}`, `preferred_batch_size has ${size}: remove it`),
      );
    } else if (size > maxBatchSize) {
      yield at(
        place,
        invalid(
          `${text} must be <= max batch size for ${name}`,
          `preferred_batch_size has ${size}, max_batch_size is ${maxBatchSize}: lower the one or raise the other`,
        ),
      );
    }
  }
}

function* checkLevels(name: string, batching: ModelDynamicBatching): Generator<Problem> {
  const { priorityLevels: levels, defaultPriorityLevel, priorityQueuePolicy } = batching;
  if (levels === 0n) return;
  if (defaultPriorityLevel < 1n || defaultPriorityLevel > levels) {
    yield at(
      'dynamic_batching.default_priority_level',
      invalid(
        `default priority level must be in range [1, ${levels}] for ${name}`,
        `default_priority_level is ${defaultPriorityLevel}, priority_levels is ${levels}: write a level from 1 to ${levels}`,
      ),
    );
  }
  for (const key of Object.keys(priorityQueuePolicy)) {
    if (BigInt(key) >= 1n && BigInt(key) <= levels) continue;
    yield at(
      `dynamic_batching.priority_queue_policy["${key}"]`,
      invalid(
        `priority queue policy must have priority level in range [1, ${levels}] for ${name}`,
        `priority_queue_policy has key ${key}, priority_levels is ${levels}: write a level from 1 to ${levels}`,
      ),
    );
  }
}

/** Answers in order of arrival cannot be had where requests overtake each other. */
function* checkOrdering(name: string, batching: ModelDynamicBatching): Generator<Problem> {
  if (!batching.preserveOrdering) return;
  if (batching.priorityLevels > 1n) {
    yield at(
      'dynamic_batching.priority_levels',
      invalid(
        `Only one priority level is allowed when 'preserve_ordering' is true for ${name}`,
        `priority_levels is ${batching.priorityLevels}: remove it, or preserve_ordering`,
      ),
    );
  }
  const policies = [
    ['default_queue_policy', batching.defaultQueuePolicy] as const,
    ...Object.entries(batching.priorityQueuePolicy).map(
      ([key, policy]) => [`priority_queue_policy["${key}"]`, policy] as const,
    ),
  ];
  const delaying = policies.find(
    ([, policy]) => policy?.timeoutAction === Action.DELAY && policy.defaultTimeoutMicroseconds > 0n,
  );
  if (delaying === undefined) return;
  yield at(
    `dynamic_batching.${delaying[0]}`,
    invalid(
      `Queue policy can not have DELAY as timeout action when 'preserve_ordering' is true for ${name}`,
      'write timeout_action: REJECT, or remove preserve_ordering',
    ),
  );
}

function* checkCache(config: ModelConfig): Generator<Problem> {
  if (config.responseCache?.enable !== true) return;
  const refuse = (kind: string): Problem =>
    at(
      'response_cache',
      invalid(
        `Response Cache does not currently support model ${config.name} with ${kind}. Please disable the response cache.`,
        'remove response_cache',
      ),
    );
  if (config.schedulingChoice.case === 'sequenceBatching') yield refuse('sequence batching scheduler');
  if (config.modelTransactionPolicy?.decoupled === true) yield refuse(`'decoupled' transaction policy`);
}
