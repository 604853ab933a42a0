import { unusedParameters } from '../config/parameters.js';
import type { ModelConfig } from '../generated/model_config_pb.js';
import type { Log } from '../telemetry/log.js';

/** Tells, once per load, which parts of a config are accepted and do less than they say. */
export function logConfigNotes(config: ModelConfig, log: Log): void {
  const model = config.name;
  for (const { key, reason } of unusedParameters(config)) {
    log.info(`'${model}': parameter '${key}' ${reason} and is not used`, { model });
  }
  for (const group of config.instanceGroup.filter(({ passive }) => passive)) {
    log.info(`'${model}': instance group '${group.name}' is passive: it gets no thread and no requests`, {
      model,
    });
  }
  const without = withoutEffect(config);
  if (without.length > 0) {
    log.info(`'${model}': accepted and without effect here: ${without.join(', ')}`, { model });
  }
}

function withoutEffect(config: ModelConfig): string[] {
  const { optimization } = config;
  const found: [string, boolean][] = [
    ['optimization.priority', (optimization?.priority ?? 0) !== 0],
    ['optimization.cuda', optimization?.cuda !== undefined],
    ['optimization.gather_kernel_buffer_threshold', (optimization?.gatherKernelBufferThreshold ?? 0) !== 0],
    ['optimization.eager_batching', optimization?.eagerBatching === true],
    [
      'optimization.execution_accelerators.gpu_execution_accelerator',
      (optimization?.executionAccelerators?.gpuExecutionAccelerator.length ?? 0) > 0,
    ],
    ['dynamic_batching.priority_queue_policy without priority_levels', hasIdlePolicies(config)],
    ['cc_model_filenames', Object.keys(config.ccModelFilenames).length > 0],
    ['runtime', config.runtime !== ''],
    [
      'instance_group.secondary_devices',
      config.instanceGroup.some((group) => group.secondaryDevices.length > 0),
    ],
    ['instance_group.host_policy', config.instanceGroup.some((group) => group.hostPolicy !== '')],
    ['instance_group.rate_limiter', config.instanceGroup.some((group) => group.rateLimiter !== undefined)],
    ['response_cache', config.responseCache?.enable === true],
    ['metric_tags', Object.keys(config.metricTags).length > 0],
    ['model_metrics', config.modelMetrics !== undefined],
  ];
  return found.filter(([, given]) => given).map(([name]) => name);
}

function hasIdlePolicies({ schedulingChoice: choice }: ModelConfig): boolean {
  if (choice.case !== 'dynamicBatching' || choice.value.priorityLevels > 0n) return false;
  return Object.keys(choice.value.priorityQueuePolicy).length > 0;
}
