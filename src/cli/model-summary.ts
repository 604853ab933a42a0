import { toBatchingSpec } from '../config/batching.js';
import { runsInline } from '../config/parameters.js';
import { wireDatatype } from '../config/tensor-spec.js';
import { ModelInstanceGroup_Kind as Kind, type ModelConfig } from '../generated/model_config_pb.js';

/** A tensor as callers send or get it; -1 for a dimension of any size. */
export interface TensorSummary {
  readonly name: string;
  /** Null where the config names none. */
  readonly datatype: string | null;
  readonly shape: readonly number[];
}

export interface InstanceSummary {
  readonly kind: 'cpu' | 'gpu' | 'inline';
  readonly count: number;
  readonly gpus: readonly number[];
}

/** What people want to know of a model's config at a glance. */
export interface ModelSummary {
  readonly inputs: readonly TensorSummary[];
  readonly outputs: readonly TensorSummary[];
  readonly maxBatchSize: number;
  /** Who makes batches: nobody, callers within one request, or the server too. */
  readonly batching: 'none' | 'caller' | 'dynamic';
  readonly instances: readonly InstanceSummary[];
}

export function summarize(config: ModelConfig): ModelSummary {
  const { maxBatchSize } = config;
  return {
    inputs: config.input.map((input) => toTensor(input, maxBatchSize)),
    outputs: config.output.map((output) => toTensor(output, maxBatchSize)),
    maxBatchSize,
    batching: batchingOf(config),
    instances: config.instanceGroup
      .filter(({ passive }) => !passive)
      .map(({ kind, count, gpus }) => ({
        kind: runsInline(config) ? 'inline' : kind === Kind.GPU ? 'gpu' : 'cpu',
        count: kind === Kind.GPU ? count * Math.max(1, gpus.length) : count,
        gpus: [...gpus],
      })),
  };
}

function batchingOf(config: ModelConfig): ModelSummary['batching'] {
  if (config.maxBatchSize <= 0) return 'none';
  return toBatchingSpec(config) === undefined ? 'caller' : 'dynamic';
}

function toTensor(
  { name, dataType, dims }: ModelConfig['input'][number] | ModelConfig['output'][number],
  maxBatchSize: number,
): TensorSummary {
  const shape = [...(maxBatchSize > 0 ? [-1] : []), ...dims.map(Number)];
  const datatype = wireDatatype(dataType);
  return { name, datatype: datatype === '<invalid>' ? null : datatype, shape };
}
