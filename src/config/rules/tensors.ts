import { DataType, ModelInput_Format, type ModelConfig } from '../../generated/model_config_pb.js';
import type { ModelInput, ModelOutput } from '../../generated/model_config_pb.js';
import { at, invalid, unsupported, type Problem } from '../problem.js';
import { wireDatatype } from '../tensor-spec.js';

type Side = 'input' | 'output';

/** Triton's rules for each input and output of a config. */
export function* checkTensors(config: ModelConfig): Generator<Problem> {
  for (const [index, input] of config.input.entries()) {
    const path = `input[${index}]`;
    yield* checkTensor(input, { config, side: 'input', path });
    if (input.format !== ModelInput_Format.NONE && input.dims.length !== 3) {
      yield at(
        `${path}.dims`,
        invalid(
          `model input NHWC/NCHW require 3 dims for ${config.name}`,
          'give height, width and channels as dims, or remove format',
        ),
      );
    }
    yield* checkForeignForms(input, config, path);
  }
  for (const [index, output] of config.output.entries()) {
    const path = `output[${index}]`;
    yield* checkTensor(output, { config, side: 'output', path });
    yield* checkForeignForms(output, config, path);
  }
}

interface Owner {
  readonly config: ModelConfig;
  readonly side: Side;
  readonly path: string;
}

function* checkTensor(tensor: ModelInput | ModelOutput, owner: Owner): Generator<Problem> {
  const { config, side, path } = owner;
  const suffix = ` for ${config.name}`;
  if (tensor.name === '') {
    yield at(
      path,
      invalid(`model ${side} must specify 'name'${suffix}`, `write the name of the model's ${side}`),
    );
    return;
  }
  const subject = `model ${side} '${tensor.name}'`;
  if (wireDatatype(tensor.dataType) === '<invalid>') {
    yield at(
      `${path}.data_type`,
      invalid(`${subject} must specify 'data_type'${suffix}`, 'write a type, as in data_type: TYPE_FP32'),
    );
  }
  if (tensor.dataType === DataType.TYPE_BF16 && config.platform !== 'ensemble') {
    yield at(
      `${path}.data_type`,
      unsupported(
        `unsupported datatype TYPE_BF16 for ${side} '${tensor.name}' for model '${config.name}'`,
        'onnxruntime-node cannot carry BF16 tensors: export the model with FP16 or FP32 at its edges',
      ),
    );
  }
  if (tensor.dims.length === 0) {
    const remedy =
      config.maxBatchSize > 0
        ? 'write the shape without the batch dimension; dims: [ 1 ] and reshape { shape: [ ] } for one value'
        : 'write the shape, with -1 for a size that varies; dims: [ 1 ] for one value';
    yield at(path, invalid(`${subject} must specify 'dims'${suffix}`, remedy));
  }
  yield* checkDims(tensor, { subject, suffix, path, batching: config.maxBatchSize > 0 });
}

const rule = 'must be integer >= 1, or -1 to indicate a variable-size dimension';

function* checkDims(
  { dims, reshape }: ModelInput | ModelOutput,
  about: { subject: string; suffix: string; path: string; batching: boolean },
): Generator<Problem> {
  const { subject, suffix, path } = about;
  if (reshape?.shape.length === 0 && !about.batching) {
    yield at(
      `${path}.reshape`,
      invalid(
        `${subject} cannot have empty reshape for non-batching model as scalar tensors are not supported${suffix}`,
        'remove reshape: dims: [ 1 ] stands for one value',
      ),
    );
  }
  const bad = dims.findIndex(isBadDim);
  if (bad >= 0) {
    yield at(
      `${path}.dims[${bad}]`,
      invalid(
        `${subject} dimension ${rule}${suffix}`,
        `dims has ${dims[bad]}: write a size from 1 up, or -1 for any size`,
      ),
    );
  }
  if (reshape === undefined) return;
  const badShape = reshape.shape.findIndex(isBadDim);
  if (badShape >= 0) {
    yield at(
      `${path}.reshape.shape[${badShape}]`,
      invalid(`${subject} reshape dimensions ${rule}${suffix}`, `shape has ${reshape.shape[badShape]}`),
    );
  }
  for (const problem of checkReshape(dims, reshape.shape, about)) yield at(`${path}.reshape`, problem);
}

/** What only TensorRT has. */
function* checkForeignForms(
  { isShapeTensor, isNonLinearFormatIo }: ModelInput | ModelOutput,
  { name, platform }: ModelConfig,
  path: string,
): Generator<Problem> {
  if (platform === 'tensorrt_plan') return;
  if (isShapeTensor) {
    const message = `shape tensors are only supported for TensorRT platform for ${name}`;
    yield at(`${path}.is_shape_tensor`, invalid(message, 'remove is_shape_tensor'));
  }
  if (isNonLinearFormatIo) {
    const message = `Non-linear IO format is only supported for the TensorRT platform for ${name}`;
    yield at(`${path}.is_non_linear_format_io`, invalid(message, 'remove is_non_linear_format_io'));
  }
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
  const given = `dims is [${dims.join()}], reshape is [${shape.join()}]`;
  if (left.length > 1 && right.length > 1 && left.length !== right.length) {
    yield invalid(
      `${subject} has different number of variable-size dimensions for dims and reshape${suffix}`,
      `${given}: each -1 needs its counterpart`,
    );
  } else if (left.length !== right.length || left.some((size, i) => size !== right[i])) {
    yield invalid(
      `${subject} has different size for dims and reshape${suffix}`,
      `${given}: both must hold as many elements before, between and behind each -1`,
    );
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
