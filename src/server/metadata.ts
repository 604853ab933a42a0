import type { ModelSpec, TensorSpec } from '../config/tensor-spec.js';
import type { ModelVersion } from '../models/model-version.js';

/** What a model takes and gives, as its clients ask for it. */
export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  /** With the batch dimension, where the model has one. */
  readonly shape: readonly number[];
}

/** What `picked` takes and gives; `ready` are the versions to be named. */
export function describeModel(
  name: string,
  { config, spec }: ModelVersion,
  ready: readonly ModelVersion[],
): ModelMetadata {
  return {
    name,
    versions: ready.map(({ version }) => String(version)),
    platform: config.platform === '' ? config.backend : config.platform,
    inputs: spec.inputs.map((input) => describeTensor(spec, input)),
    outputs: spec.outputs.map((output) => describeTensor(spec, output)),
  };
}

function describeTensor(model: ModelSpec, { name, datatype, dims }: TensorSpec): TensorMetadata {
  return { name, datatype, shape: model.maxBatchSize > 0 ? [-1, ...dims] : dims };
}
