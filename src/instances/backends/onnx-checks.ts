import type { InferenceSession } from 'onnxruntime-node';
import type { IoFacts, ModelFacts, TensorFacts } from '../../config/model-facts.js';
import type { ModelSpec, TensorSpec } from '../../config/tensor-spec.js';
import { InferenceError, invalidArgument } from '../../inference/error.js';
import { elementBytes } from '../../tensors/datatype.js';
import { elementCount, formatShape, type Shape } from '../../tensors/shape.js';
import { batchTargets, type FedInput } from '../batch-inputs.js';
import type { LinkedDim, OutputPlan } from '../messages.js';
import { openedFacts } from './onnx-facts.js';
import { readDeclaredGraph } from './declared-graph.js';
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
 * Holds a config against the model that was opened. The binding shows a scalar and a tensor of unknown rank
 * alike, and no type of what is no tensor: for those the model's file is asked.
 */
export function checkModel(spec: ModelSpec, metadata: OrtMetadata, modelFile?: string): void {
  const unclear = [...metadata.inputs, ...metadata.outputs].some(
    (value) => !value.isTensor || value.shape.length === 0,
  );
  const graph = unclear && modelFile !== undefined ? readDeclaredGraph(modelFile) : undefined;
  checkFacts(spec, openedFacts(metadata, graph));
}

/** Holds a config against what its model says of itself: names, count, types and dims, with Triton's texts. */
export function checkFacts(spec: ModelSpec, { inputs, outputs, initializers }: ModelFacts): void {
  const made = batchTargets(spec);
  const optional = spec.inputs.filter((input) => input.optional);
  const expected = spec.inputs.length - optional.length + made.length;
  if (expected !== inputs.length) {
    throw invalidArgument(
      `unable to load model '${spec.name}', configuration expects ${expected} inputs, model provides ${inputs.length}`,
    );
  }
  for (const input of optional) refuseOptional(spec, input);
  for (const input of spec.inputs) {
    const known = input.optional ? [...inputs, ...initializers] : inputs;
    checkTensor(input, 'input', { model: spec, known });
  }
  for (const output of spec.outputs) checkTensor(output, 'output', { model: spec, known: outputs });
  for (const target of made) {
    const { shape } = findChecked(target, 'input', { model: spec, known: inputs });
    checkBatchTarget(spec, target.name, shape);
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
  readonly known: readonly IoFacts[];
}

function checkTensor(spec: TensorSpec, side: Side, { model, known }: Known): void {
  const { shape, ranked } = findChecked(spec, side, { model, known });
  if (spec.ragged === true) checkRagged(model, spec, shape);
  else if (side === 'output' && isScattered(model, spec)) return;
  else if (shape.length > 0) checkDims(spec, side, { model, dims: shape });
  else checkScalar(spec, model, ranked);
}

/** What the model says of a tensor that it must have, with the datatype that the config expects. */
function findChecked(spec: FedInput, side: Side, { model, known }: Known): TensorFacts {
  const found = known.find((value) => value.name === spec.name);
  if (found === undefined) {
    const names = known.map((value) => value.name).join(', ');
    throw invalidArgument(`unexpected inference ${side} '${spec.name}', allowed ${side}s are: ${names}`);
  }
  if (found.kind === 'other') {
    throw new InferenceError(
      'unsupported',
      `Unsupported ONNX Type '${found.onnxType}' for I/O '${spec.name}', expected 'ONNX_TYPE_TENSOR'.`,
    );
  }
  if (found.datatype !== spec.datatype) {
    const shown = spec.datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${spec.datatype}`;
    throw invalidArgument(
      `unable to load model '${model.name}', configuration expects datatype ${shown} for ${side} '${spec.name}', model provides TYPE_${found.datatype ?? found.elementType}`,
    );
  }
  return found;
}

/** A scalar has no batch dimension, and one element for the config's dims. A tensor of unknown rank may be anything. */
function checkScalar(spec: TensorSpec, model: ModelSpec, ranked: boolean): void {
  if (model.maxBatchSize > 0) {
    if (!ranked && spec.modelDims.length > 0) return;
    throw noBatchDimension(model, spec, []);
  }
  if (!ranked || spec.modelDims.every((dim) => dim === 1)) return;
  throw invalidArgument(
    `unable to load model '${model.name}', scalar tensor '${spec.name}', should only provide 1 in the model configuration when the model doesn't support batching. Model configuration provided: ${formatShape(spec.modelDims)}.`,
  );
}

function noBatchDimension({ name: model }: ModelSpec, { name }: TensorSpec, dims: Shape): InferenceError {
  return invalidArgument(
    `model '${model}', tensor '${name}': for the model to support batching the shape should have at least 1 dimension and the first dimension must be -1; but shape expected by the model is ${formatShape(dims)}`,
  );
}

function checkDims(spec: TensorSpec, side: Side, { model, dims }: { model: ModelSpec; dims: Shape }): void {
  const subject = `model '${model.name}', tensor '${spec.name}'`;
  const batching = model.maxBatchSize > 0;
  if (batching && dims[0] !== -1) throw noBatchDimension(model, spec, dims);
  const wanted = batching ? [-1, ...spec.modelDims] : spec.modelDims;
  if (fits(wanted, dims, side)) return;
  const given = batching
    ? `(an initial batch dimension because max_batch_size > 0 followed by the explicit tensor shape, making complete shape ${formatShape(wanted)})`
    : `(shape ${formatShape(wanted)})`;
  throw invalidArgument(
    `${subject}: the model expects ${dims.length} dimensions (shape ${formatShape(dims)}) but the model configuration specifies ${wanted.length} dimensions ${given}`,
  );
}

/**
 * A model's variable input takes any narrower config; an output must be described exactly. A dimension that
 * is always 0, which a config cannot say, is described by -1.
 */
function fits(config: Shape, model: Shape, side: Side): boolean {
  if (config.length !== model.length) return false;
  return config.every((dim, i) => {
    const provided = model[i] === 0 ? -1 : model[i];
    return dim === provided || (side === 'input' && model[i] === -1);
  });
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
