import { DataType, ModelInput_Format, type ModelConfig } from '../generated/model_config_pb.js';
import type { ModelInput, ModelOutput } from '../generated/model_config_pb.js';
import { invalid, unsupported, type Problem } from './problem.js';
import { wireDatatype } from './tensor-spec.js';

type Side = 'input' | 'output';

/** Triton's rules for each input and output of a config. */
export function* checkTensors(config: ModelConfig): Generator<Problem> {
  const suffix = ` for ${config.name}`;
  for (const input of config.input) {
    yield* checkTensor(input, 'input', config);
    const formatted = input.format === ModelInput_Format.NONE ? 3 : input.dims.length;
    if (formatted !== 3) yield invalid(`model input NHWC/NCHW require 3 dims${suffix}`);
  }
  for (const output of config.output) yield* checkTensor(output, 'output', config);
}

function* checkTensor(tensor: ModelInput | ModelOutput, side: Side, config: ModelConfig): Generator<Problem> {
  const suffix = ` for ${config.name}`;
  if (tensor.name === '') {
    yield invalid(`model ${side} must specify 'name'${suffix}`);
    return;
  }
  const subject = `model ${side} '${tensor.name}'`;
  if (wireDatatype(tensor.dataType) === '<invalid>') {
    yield invalid(`${subject} must specify 'data_type'${suffix}`);
  }
  if (tensor.dataType === DataType.TYPE_BF16) {
    yield unsupported(
      `unsupported datatype TYPE_BF16 for ${side} '${tensor.name}' for model '${config.name}'`,
      'onnxruntime-node cannot carry BF16 tensors: export the model with FP16 or FP32 at its edges',
    );
  }
  if (tensor.dims.length === 0) yield invalid(`${subject} must specify 'dims'${suffix}`);
  const rule = 'must be integer >= 1, or -1 to indicate a variable-size dimension';
  if (tensor.dims.some(isBadDim)) yield invalid(`${subject} dimension ${rule}${suffix}`);
  if (tensor.isShapeTensor) yield invalid(`shape tensors are only supported for TensorRT platform${suffix}`);
  if (tensor.isNonLinearFormatIo) {
    yield invalid(`Non-linear IO format is only supported for the TensorRT platform${suffix}`);
  }
  if (tensor.reshape === undefined) return;
  const { shape } = tensor.reshape;
  if (shape.length === 0 && config.maxBatchSize === 0) {
    yield invalid(
      `${subject} cannot have empty reshape for non-batching model as scalar tensors are not supported${suffix}`,
    );
  }
  if (shape.some(isBadDim)) yield invalid(`${subject} reshape dimensions ${rule}${suffix}`);
  yield* checkReshape(tensor.dims, shape, { subject, suffix });
}

function isBadDim(dim: bigint): boolean {
  return dim < 1n && dim !== -1n;
}

/** The dims between two variable ones must hold as many elements on both sides. */
function* checkReshape(
  dims: readonly bigint[],
  shape: readonly bigint[],
  { subject, suffix }: { subject: string; suffix: string },
): Generator<Problem> {
  const [left, right] = [segments(dims), segments(shape)];
  if (left.length > 1 && right.length > 1 && left.length !== right.length) {
    yield invalid(
      `${subject} has different number of variable-size dimensions for dims and reshape${suffix}`,
    );
  } else if (left.length !== right.length || left.some((size, i) => size !== right[i])) {
    yield invalid(`${subject} has different size for dims and reshape${suffix}`);
  }
}

/** Element counts of the runs of fixed dims before, between and after the variable ones. */
function segments(dims: readonly bigint[]): bigint[] {
  const sizes = [1n];
  for (const dim of dims) {
    if (dim === -1n) sizes.push(1n);
    else sizes[sizes.length - 1] = (sizes.at(-1) ?? 1n) * dim;
  }
  return sizes;
}
