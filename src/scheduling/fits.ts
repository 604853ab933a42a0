import type { ModelSpec, TensorSpec } from '../config/tensor-spec.js';
import type { InferRequest } from '../inference/request.js';
import { findInput } from '../instances/request-inputs.js';
import { sameShape } from '../tensors/shape.js';
import type { InputTensor } from '../tensors/tensor.js';

/** Whether two requests may run together in one batch. */
export type Fits = (a: InferRequest, b: InferRequest) => boolean;

/**
 * The rule of a model: inputs of variable shape must have the same shape, its batch dimension aside, and
 * where inputs are optional the requests must have the same ones. What is fixed by the config was checked.
 */
export function fitsRule(spec: ModelSpec): Fits {
  const compared = spec.inputs.flatMap((input, index) => (mayDiffer(input) ? [index] : []));
  const optional = spec.inputs.some((input) => input.optional);
  const skipped = spec.maxBatchSize > 0 ? 1 : 0;
  if (compared.length === 0 && !optional) return () => true;
  return (a, b) =>
    (!optional || sameInputs(spec, a, b)) &&
    compared.every((index) => sameTensorShape(find(spec, a, index), find(spec, b, index), skipped));
}

/** Whether two requests may have different shapes for this input, and then not run together. */
export function mayDiffer({ dims, ragged }: TensorSpec): boolean {
  return dims.includes(-1) && ragged !== true;
}

function sameInputs(spec: ModelSpec, a: InferRequest, b: InferRequest): boolean {
  if (a.inputs.length !== b.inputs.length) return false;
  return spec.inputs.every(
    (_, index) => (find(spec, a, index) === undefined) === (find(spec, b, index) === undefined),
  );
}

function sameTensorShape(a: InputTensor | undefined, b: InputTensor | undefined, skipped: number): boolean {
  return a === undefined || b === undefined ? a === b : sameShape(a.shape, b.shape, skipped);
}

function find(spec: ModelSpec, request: InferRequest, index: number): InputTensor | undefined {
  return findInput(request, spec.inputs[index]?.name ?? '', index);
}
