import type { ModelSpec, TensorSpec } from '../config/tensor-spec.js';
import type { InferRequest } from '../inference/request.js';
import { elementCount, reshape, type Shape } from '../tensors/shape.js';
import type { InputTensor } from '../tensors/tensor.js';

/** An input of a request by its name. Callers mostly send inputs in the config's order: it looks there first. */
export function findInput({ inputs }: InferRequest, name: string, likelyAt: number): InputTensor | undefined {
  const likely = inputs[likelyAt];
  if (likely?.name === name) return likely;
  for (const tensor of inputs) if (tensor.name === name) return tensor;
  return undefined;
}

/** The shape that the model sees, from the one that the caller sent; the batch has `batchSize` rows. */
export function modelShape(
  model: ModelSpec,
  spec: TensorSpec,
  { shape, batchSize }: { shape: Shape; batchSize: number },
): Shape {
  if (model.maxBatchSize === 0) {
    return spec.dims === spec.modelDims ? shape : reshape(shape, spec.dims, spec.modelDims);
  }
  const row = shape.slice(1);
  return [batchSize, ...(spec.dims === spec.modelDims ? row : reshape(row, spec.dims, spec.modelDims))];
}

/** The shape that the model would see of one request alone; empty when the request does not have that input. */
export function ownShape(model: ModelSpec, index: number, request: InferRequest): Shape {
  const spec = model.inputs[index];
  if (spec === undefined) throw new Error(`There is no input ${index}. This is a bug.`);
  const shape = findInput(request, spec.name, index)?.shape;
  return shape === undefined ? [] : modelShape(model, spec, { shape, batchSize: shape[0] ?? 0 });
}

/** How many elements all requests together have of an input. */
export function totalElements(requests: readonly InferRequest[], name: string, index: number): number {
  let elements = 0;
  for (const request of requests) {
    const tensor = findInput(request, name, index);
    if (tensor !== undefined) elements += elementCount(tensor.shape);
  }
  return elements;
}
