import type { InferenceSession } from 'onnxruntime-node';
import type { ModelSpec, TensorSpec } from '../../config/tensor-spec.js';
import { InferenceError, invalidArgument } from '../../inference/error.js';
import { elementBytes } from '../../tensors/datatype.js';
import { elementCount, formatShape, type Shape } from '../../tensors/shape.js';
import { batchTargets, type FedInput } from '../batch-inputs.js';
import type { LinkedDim, OutputPlan } from '../messages.js';
import { typeNames } from './onnx-types.js';
import {
  checkBatchTarget,
  checkRagged,
  isScattered,
  refuseOptionalRagged,
  rowlessInputs,
} from './ragged-checks.js';

export type ValueMetadata = InferenceSession.ValueMetadata;

export interface OrtMetadata {
  readonly inputs: readonly ValueMetadata[];
  readonly outputs: readonly ValueMetadata[];
  /** Inputs that may be left out: what they replace is an initializer of the model. */
  readonly overridden?: ReadonlySet<string>;
}

type Side = 'input' | 'output';

/**
 * Holds a config against the model that was opened: names, count, types and dims, with Triton's texts.
 * The binding shows a scalar and a tensor of unknown rank alike, so dims are not compared for those.
 */
export function checkModel(spec: ModelSpec, metadata: OrtMetadata): void {
  const made = batchTargets(spec);
  const optional = spec.inputs.filter((input) => input.optional);
  const expected = spec.inputs.length - optional.length + made.length;
  const provided = metadata.inputs.length - (metadata.overridden?.size ?? 0);
  if (expected !== provided) {
    throw invalidArgument(
      `unable to load model '${spec.name}', configuration expects ${expected} inputs, model provides ${provided}`,
    );
  }
  for (const input of optional) refuseOptional(spec, input);
  for (const input of spec.inputs) checkTensor(input, 'input', { model: spec, known: metadata.inputs });
  for (const output of spec.outputs) {
    checkTensor(output, 'output', { model: spec, known: metadata.outputs });
  }
  for (const target of made) {
    const { shape } = findChecked(target, 'input', { model: spec, known: metadata.inputs });
    checkBatchTarget(spec, target.name, toDims(shape));
  }
}

/** A value of the model has no rows, so that requests with and without it cannot be told apart in a batch. */
function refuseOptional(spec: ModelSpec, input: TensorSpec): void {
  if (spec.maxBatchSize > 0) {
    throw invalidArgument(
      `unable to load model '${spec.name}', optional input '${input.name}' is not supported for models that support batching`,
    );
  }
  if (input.ragged === true) refuseOptionalRagged(spec, input);
}

interface Known {
  readonly model: ModelSpec;
  readonly known: readonly ValueMetadata[];
}

function checkTensor(spec: TensorSpec, side: Side, { model, known }: Known): void {
  const { shape } = findChecked(spec, side, { model, known });
  if (spec.ragged === true) checkRagged(model, spec, toDims(shape));
  else if (side === 'output' && isScattered(model, spec)) return;
  else if (shape.length > 0) checkDims(spec, side, { model, shape });
  else checkScalar(spec, model);
}

type TensorMetadata = Extract<ValueMetadata, { isTensor: true }>;

/** What the model says of a tensor that it must have, with the datatype that the config expects. */
function findChecked(spec: FedInput, side: Side, { model, known }: Known): TensorMetadata {
  const found = known.find((value) => value.name === spec.name);
  if (found === undefined) {
    const names = known.map((value) => value.name).join(', ');
    throw invalidArgument(`unexpected inference ${side} '${spec.name}', allowed ${side}s are: ${names}`);
  }
  if (!found.isTensor) {
    throw new InferenceError(
      'unsupported',
      `Unsupported ONNX Type for I/O '${spec.name}', expected 'ONNX_TYPE_TENSOR'.`,
    );
  }
  const ours = `TYPE_${spec.datatype}`;
  const theirs = typeNames[found.type] ?? found.type;
  if (theirs !== ours) {
    const shown = spec.datatype === 'BYTES' ? 'TYPE_STRING' : ours;
    throw invalidArgument(
      `unable to load model '${model.name}', configuration expects datatype ${shown} for ${side} '${spec.name}', model provides ${theirs}`,
    );
  }
  return found;
}

function toDims(shape: readonly (number | string)[]): Shape {
  return shape.map((dim) => (typeof dim === 'number' ? dim : -1));
}

function checkScalar(spec: TensorSpec, model: ModelSpec): void {
  if (model.maxBatchSize === 0 || spec.modelDims.length > 0) return;
  throw invalidArgument(
    `model '${model.name}', tensor '${spec.name}': for the model to support batching the shape should have at least 1 dimension and the first dimension must be -1; but shape expected by the model is []`,
  );
}

function checkDims(
  spec: TensorSpec,
  side: Side,
  { model, shape }: { model: ModelSpec; shape: readonly (number | string)[] },
): void {
  const dims = toDims(shape);
  const subject = `model '${model.name}', tensor '${spec.name}'`;
  const batching = model.maxBatchSize > 0;
  if (batching && dims[0] !== -1) {
    throw invalidArgument(
      `${subject}: for the model to support batching the shape should have at least 1 dimension and the first dimension must be -1; but shape expected by the model is ${formatShape(dims)}`,
    );
  }
  const wanted = batching ? [-1, ...spec.modelDims] : spec.modelDims;
  if (fits(wanted, dims, side)) return;
  const given = batching
    ? `(an initial batch dimension because max_batch_size > 0 followed by the explicit tensor shape, making complete shape ${formatShape(wanted)})`
    : `(shape ${formatShape(wanted)})`;
  throw invalidArgument(
    `${subject}: the model expects ${dims.length} dimensions (shape ${formatShape(dims)}) but the model configuration specifies ${wanted.length} dimensions ${given}`,
  );
}

/** A model's variable input takes any narrower config; an output must be described exactly. */
function fits(config: Shape, model: Shape, side: Side): boolean {
  if (config.length !== model.length) return false;
  return config.every((dim, i) => dim === model[i] || (side === 'input' && model[i] === -1));
}

/** Whether the model wants a scalar where the config, which cannot say so, has dims of ones. */
export function isScalar(spec: TensorSpec, known: readonly ValueMetadata[]): boolean {
  const found = known.find((value) => value.name === spec.name);
  return found?.isTensor === true && found.shape.length === 0 && spec.modelDims.every((dim) => dim === 1);
}

/**
 * Which outputs have a shape known before the run: every dimension is fixed or carries the same symbol as
 * one of an input that every request has, the batch dimension as its first.
 */
export function planOutputs(spec: ModelSpec, metadata: OrtMetadata): OutputPlan[] {
  const rowless = rowlessInputs(spec);
  const symbols = metadata.inputs.map((input) =>
    input.isTensor && !rowless.has(input.name) ? input.shape[0] : undefined,
  );
  return spec.outputs.map((output) => {
    const found = metadata.outputs.find((value) => value.name === output.name);
    if (found?.isTensor !== true || output.datatype === 'BYTES' || found.shape.length === 0)
      return unknownSize;
    if (isScattered(spec, output)) return unknownSize;
    const batched = spec.maxBatchSize > 0;
    const [first] = found.shape;
    if (batched && (typeof first !== 'string' || first === '' || !symbols.includes(first)))
      return unknownSize;
    const row = batched ? found.shape.slice(1) : found.shape;
    const rowShape = row.map((dim) => (typeof dim === 'number' ? dim : findLink(spec, metadata, dim)));
    if (!rowShape.every((dim) => dim !== undefined)) return unknownSize;
    const fixed = rowShape.filter((dim) => typeof dim === 'number');
    return { rowShape, rowBytes: elementCount(fixed) * elementBytes[output.datatype] };
  });
}

function findLink(spec: ModelSpec, metadata: OrtMetadata, symbol: string): LinkedDim | undefined {
  if (symbol === '') return undefined;
  for (const [index, { name, optional }] of spec.inputs.entries()) {
    const input = metadata.inputs.find((value) => value.name === name);
    if (optional || input?.isTensor !== true) continue;
    // The first dimension of a batch counts all its rows, not those of one.
    const axis = input.shape.indexOf(symbol, spec.maxBatchSize > 0 ? 1 : 0);
    if (axis >= 0) return { input: index, axis };
  }
  return undefined;
}

const unknownSize: OutputPlan = { rowShape: undefined, rowBytes: 0 };
