import { create } from '@bufbuild/protobuf';
import {
  ModelInstanceGroupSchema,
  ModelInstanceGroup_Kind as Kind,
  ModelOptimizationPolicy_PinnedMemoryBufferSchema as PinnedMemorySchema,
  ModelOptimizationPolicySchema,
  ModelVersionPolicySchema,
  type ModelConfig,
  type ModelInstanceGroup,
} from '../generated/model_config_pb.js';
import { completeBackend } from './backends.js';
import { runsInline } from './parameters.js';

/** What lies around a config, needed to fill in what it leaves out. */
export interface Surroundings {
  /** The model's folder name. */
  readonly folder: string;
  /** Whether the first version folder holds `model.onnx`, as a file or a folder. */
  readonly hasOnnxFile: boolean;
  /** What that folder holds, where it is known: names of model files tell other backends. */
  readonly versionEntries?: readonly string[] | undefined;
  /** Ids of the GPUs that can be used. */
  readonly gpus: readonly number[];
}

/** Instances of an ONNX model on the CPU where the config names no count: Triton's number. */
const defaultCpuInstances = 2;

const pairedBackends: ReadonlySet<string> = new Set(['onnxruntime', 'tensorflow']);

/** Fills in, in place, everything that a config may leave out and that Triton gives a value of its own. */
export function completeModelConfig(config: ModelConfig, around: Surroundings): ModelConfig {
  if (config.name === '') config.name = around.folder;
  const { hasOnnxFile, versionEntries } = around;
  completeBackend(config, versionEntries ?? (hasOnnxFile ? ['model.onnx'] : []));
  if (config.versionPolicy?.policyChoice.case === undefined) {
    config.versionPolicy = create(ModelVersionPolicySchema, {
      policyChoice: { case: 'latest', value: { numVersions: 1 } },
    });
  }
  completeBatching(config);
  if (config.platform !== 'ensemble') {
    completeOptimization(config);
    completeInstanceGroups(config, around.gpus);
  }
  return config;
}

function completeBatching(config: ModelConfig): void {
  const { schedulingChoice: choice, maxBatchSize } = config;
  if (choice.case === 'dynamicBatching') {
    if (choice.value.preferredBatchSize.length === 0 && maxBatchSize > 0) {
      choice.value.preferredBatchSize = [maxBatchSize];
    }
  } else if (choice.case === 'sequenceBatching') {
    const { strategyChoice } = choice.value;
    if (choice.value.maxSequenceIdleMicroseconds === 0n) choice.value.maxSequenceIdleMicroseconds = 1000000n;
    if (strategyChoice.case === 'oldest' && strategyChoice.value.preferredBatchSize.length === 0) {
      if (maxBatchSize > 0) strategyChoice.value.preferredBatchSize = [maxBatchSize];
    }
  }
}

function completeOptimization(config: ModelConfig): void {
  config.optimization ??= create(ModelOptimizationPolicySchema);
  config.optimization.inputPinnedMemory ??= create(PinnedMemorySchema, { enable: true });
  config.optimization.outputPinnedMemory ??= create(PinnedMemorySchema, { enable: true });
}

function completeInstanceGroups(config: ModelConfig, gpus: readonly number[]): void {
  if (config.instanceGroup.length === 0) {
    config.instanceGroup.push(create(ModelInstanceGroupSchema, { name: config.name }));
  }
  for (const [index, group] of config.instanceGroup.entries()) {
    if (group.name === '') group.name = `${config.name}_${index}`;
    if (group.kind === Kind.AUTO) group.kind = canUseGpu(group, gpus) ? Kind.GPU : Kind.CPU;
    if (group.kind === Kind.GPU && group.gpus.length === 0) group.gpus = [...gpus];
    if (group.count < 1) {
      const many = group.kind === Kind.CPU && pairedBackends.has(config.backend) && !runsInline(config);
      group.count = many ? defaultCpuInstances : 1;
    }
  }
}

function canUseGpu(group: ModelInstanceGroup, gpus: readonly number[]): boolean {
  return gpus.length > 0 && group.gpus.every((id) => gpus.includes(id));
}
