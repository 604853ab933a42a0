import type { ModelSpec, TensorSpec } from '../../config/tensor-spec.js';
import { invalidArgument } from '../../inference/error.js';
import { formatShape, type Shape } from '../../tensors/shape.js';

/** A ragged input is one row of all elements: the model must take any number of them, in one dimension. */
export function checkRagged(model: ModelSpec, { name }: TensorSpec, dims: Shape): void {
  if (dims.length === 1 && dims[0] === -1) return;
  throw invalidArgument(
    `unable to load model '${model.name}', configuration expects model provides input with shape [-1]  for ragged input '${name}', model provides ${formatShape(dims)}`,
  );
}

/** An initializer that a config may override has a value of a shape of its own. */
export function refuseOptionalRagged(model: ModelSpec, { name }: TensorSpec): never {
  throw invalidArgument(
    `unable to load model '${model.name}', configuration expects model provides input with shape [-1] for ragged input '${name}', which is not supported for optional input`,
  );
}

/**
 * Holds the inputs that batch inputs are given to against the model: their number of dimensions, and how many
 * numbers a shape has. How many rows they take is left to the run: a model may well be made for one request.
 */
export function checkBatchTarget(model: ModelSpec, name: string, dims: Shape): void {
  const spec = model.batchInputs?.find(({ targets }) => targets.includes(name));
  // The binding shows a scalar and a tensor of unknown rank alike.
  if (spec === undefined || dims.length === 0) return;
  const rank = model.inputs[spec.source]?.modelDims.length ?? 0;
  const wanted = spec.kind === 'BATCH_ITEM_SHAPE' ? [-1, rank] : [-1];
  const [, columns = -1] = dims;
  if (dims.length === wanted.length && (columns === -1 || columns === rank)) return;
  throw invalidArgument(
    `unable to load model '${model.name}', configuration expects model provides input with shape ${formatShape(wanted)} for batch input '${name}', model provides ${formatShape(dims)}`,
  );
}

/** Names of the model's inputs whose first dimension does not count the rows of a batch. */
export function rowlessInputs(model: ModelSpec): ReadonlySet<string> {
  const ragged = model.inputs.filter((input) => input.ragged === true).map(({ name }) => name);
  return new Set([...ragged, ...(model.batchInputs ?? []).flatMap(({ targets }) => targets)]);
}

/** Whether an output is cut by the shapes of an input: then its own shape is the model's affair. */
export function isScattered(model: ModelSpec, spec: TensorSpec): boolean {
  return model.batchOutputs?.some(({ output }) => model.outputs[output] === spec) ?? false;
}
