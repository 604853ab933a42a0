import {
  DataType,
  type ModelConfig,
  type ModelInput,
  type ModelOutput,
} from '../generated/model_config_pb.js';
import type { Datatype } from '../tensors/datatype.js';
import type { Shape } from '../tensors/shape.js';
import { toBatchInputs, toBatchOutputs, type BatchInputSpec, type BatchOutputSpec } from './batch-spec.js';

/** What a config says of one input or output. Dims never contain the batch dimension. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  /** What the caller sees. */
  readonly dims: Shape;
  /** What the model sees: `reshape` where there is one, else `dims`. */
  readonly modelDims: Shape;
  readonly optional: boolean;
  /** Relative to the model's folder; '' when there is none. */
  readonly labelFile: string;
  /** An input whose shape may differ among the requests of a batch: the model sees all elements in one row. */
  readonly ragged?: boolean;
}

export interface ModelSpec {
  readonly name: string;
  readonly maxBatchSize: number;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly batchInputs?: readonly BatchInputSpec[] | undefined;
  readonly batchOutputs?: readonly BatchOutputSpec[] | undefined;
}

const wireNames: Readonly<Record<DataType, Datatype | '<invalid>'>> = {
  [DataType.TYPE_INVALID]: '<invalid>',
  [DataType.TYPE_BOOL]: 'BOOL',
  [DataType.TYPE_UINT8]: 'UINT8',
  [DataType.TYPE_UINT16]: 'UINT16',
  [DataType.TYPE_UINT32]: 'UINT32',
  [DataType.TYPE_UINT64]: 'UINT64',
  [DataType.TYPE_INT8]: 'INT8',
  [DataType.TYPE_INT16]: 'INT16',
  [DataType.TYPE_INT32]: 'INT32',
  [DataType.TYPE_INT64]: 'INT64',
  [DataType.TYPE_FP16]: 'FP16',
  [DataType.TYPE_FP32]: 'FP32',
  [DataType.TYPE_FP64]: 'FP64',
  [DataType.TYPE_STRING]: 'BYTES',
  [DataType.TYPE_BF16]: 'BF16',
};

/** A config's data type by its name on the wire; `<invalid>` for TYPE_INVALID and unknown numbers. */
export function wireDatatype(type: DataType): Datatype | '<invalid>' {
  return wireNames[type] ?? '<invalid>';
}

/** The parts of a checked config that every request is held against. */
export function toModelSpec(config: ModelConfig): ModelSpec {
  return {
    name: config.name,
    maxBatchSize: config.maxBatchSize,
    inputs: config.input.map((input) => ({
      ...toTensorSpec(input),
      optional: input.optional,
      ragged: input.allowRaggedBatch,
    })),
    outputs: config.output.map((output) => ({ ...toTensorSpec(output), labelFile: output.labelFilename })),
    batchInputs: toBatchInputs(config),
    batchOutputs: toBatchOutputs(config),
  };
}

function toTensorSpec(tensor: ModelInput | ModelOutput): TensorSpec {
  const datatype = wireDatatype(tensor.dataType);
  if (datatype === '<invalid>') throw new Error(`'${tensor.name}' has no data type. This is a bug.`);
  const dims = tensor.dims.map(Number);
  const modelDims = tensor.reshape === undefined ? dims : tensor.reshape.shape.map(Number);
  return { name: tensor.name, datatype, dims, modelDims, optional: false, labelFile: '' };
}
