import type { ModelSpec, TensorSpec } from '../../config/tensor-spec.js';
import { invalidArgument, type InferenceError } from '../../inference/error.js';
import { InferRequest, requestPrefix } from '../../inference/request.js';
import { lengthPrefixBytes, writeLength } from '../../tensors/bytes.js';
import { ChunkedBytes } from '../../tensors/chunked-bytes.js';
import { elementBytes } from '../../tensors/datatype.js';
import { elementCount } from '../../tensors/shape.js';
import type { HttpInferRequest } from './to-request.js';

/** A request that is nothing but the data of the model's one input; its shape follows from the config and the size. */
export function toRawRequest(spec: ModelSpec, pieces: readonly Uint8Array[]): HttpInferRequest {
  const [input, ...others] = spec.inputs;
  if (input === undefined || others.length > 0) {
    throw refusal(
      `Raw request must only have 1 input (found 1) to be deduced but got ${spec.inputs.length} inputs in '${spec.name}' model configuration`,
    );
  }
  const all = input.datatype === 'BYTES' ? [...oneElement(input, pieces), ...pieces] : pieces;
  const data = all.length === 1 && all[0] !== undefined ? all[0] : new ChunkedBytes(all);
  const shape = [...(spec.maxBatchSize > 0 ? [1] : []), ...dimsOf(input, data.byteLength)];
  const { name, datatype } = input;
  return { request: new InferRequest('', [{ name, datatype, shape, data }]), form: { binary: 'all' } };
}

/** The length of the one element that the data is. */
function oneElement({ name, dims }: TensorSpec, pieces: readonly Uint8Array[]): Uint8Array[] {
  if (dims.length !== 1 || dims[0] !== 1) {
    throw refusal(`For BYTE datatype raw input '${name}', the model must have input shape [1]`);
  }
  let size = 0;
  for (const { byteLength } of pieces) size += byteLength;
  const prefix = new Uint8Array(lengthPrefixBytes);
  writeLength(prefix, 0, size);
  return [prefix];
}

function dimsOf({ name, dims, datatype }: TensorSpec, byteLength: number): number[] {
  if (dims.filter((dim) => dim === -1).length > 1) {
    throw refusal(
      `The shape of the raw input '${name}' can not be deduced because there are more than one variable-sized dimension`,
    );
  }
  // What does not divide is told by the check of the tensor's size.
  const fixedBytes = elementCount(dims.filter((dim) => dim !== -1)) * elementBytes[datatype];
  const free = fixedBytes === 0 ? 0 : Math.floor(byteLength / fixedBytes);
  return dims.map((dim) => (dim === -1 ? free : dim));
}

function refusal(text: string): InferenceError {
  return invalidArgument(requestPrefix(new InferRequest('', [])) + text);
}
