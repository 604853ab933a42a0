import type { ModelConfig } from '../generated/model_config_pb.js';
import { customizableFamilies } from './rules/metrics.js';
import { unusedParameters } from './parameters.js';

/** Something that a config says and that does less here than it says, in one line. */
export interface Note {
  readonly level: 'info' | 'warning';
  readonly text: string;
}

/** The parts of a checked config that are accepted and without effect, or with less than they say. */
export function listNotes(config: ModelConfig): Note[] {
  const notes: Note[] = [];
  for (const { key, reason } of unusedParameters(config)) {
    notes.push({ level: 'info', text: `parameter '${key}' ${reason} and is not used` });
  }
  for (const { name } of config.instanceGroup.filter(({ passive }) => passive)) {
    notes.push({
      level: 'info',
      text: `instance group '${name}' is passive: it gets no thread and no requests`,
    });
  }
  const without = withoutEffect(config);
  if (without.length > 0) {
    notes.push({ level: 'info', text: `accepted and without effect here: ${without.join(', ')}` });
  }
  for (const { metricIdentifier } of config.modelMetrics?.metricControl ?? []) {
    const family = metricIdentifier?.family ?? '';
    if (customizableFamilies.includes(family)) continue;
    notes.push({
      level: 'warning',
      text: `Metric family '${family}' in 'metric_identifier' is not a customizable metric in Triton core.`,
    });
  }
  return notes;
}

function withoutEffect(config: ModelConfig): string[] {
  const { instanceGroup: groups } = config;
  const found: (readonly [string, boolean])[] = [
    ...optimizations(config),
    ['dynamic_batching.priority_queue_policy without priority_levels', hasIdlePolicies(config)],
    ['cc_model_filenames', Object.keys(config.ccModelFilenames).length > 0],
    ['runtime', config.runtime !== ''],
    ['input.format', config.input.some(({ format }) => format !== 0)],
    ['instance_group.secondary_devices', groups.some((group) => group.secondaryDevices.length > 0)],
    ['instance_group.host_policy', groups.some((group) => group.hostPolicy !== '')],
    ['instance_group.rate_limiter', groups.some((group) => group.rateLimiter !== undefined)],
    ['response_cache', config.responseCache?.enable === true],
  ];
  return found.filter(([, given]) => given).map(([name]) => name);
}

function optimizations({ optimization }: ModelConfig): (readonly [string, boolean])[] {
  if (optimization === undefined) return [];
  const accelerators = optimization.executionAccelerators?.gpuExecutionAccelerator ?? [];
  return [
    ['optimization.priority', optimization.priority !== 0],
    ['optimization.cuda', optimization.cuda !== undefined],
    // They are on by themselves, which is no wish of the config.
    ['optimization.input_pinned_memory', optimization.inputPinnedMemory?.enable === false],
    ['optimization.output_pinned_memory', optimization.outputPinnedMemory?.enable === false],
    ['optimization.gather_kernel_buffer_threshold', optimization.gatherKernelBufferThreshold !== 0],
    ['optimization.eager_batching', optimization.eagerBatching],
    ['optimization.execution_accelerators.gpu_execution_accelerator', accelerators.length > 0],
  ];
}

function hasIdlePolicies({ schedulingChoice: choice }: ModelConfig): boolean {
  if (choice.case !== 'dynamicBatching' || choice.value.priorityLevels > 0n) return false;
  return Object.keys(choice.value.priorityQueuePolicy).length > 0;
}
