import type { ModelSpec, TensorSpec } from '../config/tensor-spec.js';
import { invalidArgument } from '../inference/error.js';
import { requestPrefix, type InferRequest } from '../inference/request.js';
import { wholeBytes } from '../tensors/chunked-bytes.js';
import { RegionBytes } from '../tensors/region-bytes.js';
import { walkBytes } from '../tensors/bytes.js';
import { elementBytes } from '../tensors/datatype.js';
import { elementCount, formatShape, shapeFits, type Shape } from '../tensors/shape.js';
import type { InputTensor } from '../tensors/tensor.js';

/** The largest byte or element count that Triton's arithmetic holds. */
const largestCount = 9223372036854775807n;

const batchingNote =
  'NOTE: Setting a non-zero max_batch_size in the model config requires a batch dimension to be prepended to each input shape. ' +
  'If you want to specify the full shape including the batch dim in your input dims config, try setting max_batch_size to zero. ' +
  'See the model configuration docs for more info on max_batch_size.';

/**
 * Holds a request against the config of its model, in Triton's order and with Triton's texts. A request
 * that passes has each required input once, with the right type, a shape that fits and exactly
 * the bytes that the shape asks for.
 */
export function checkRequest(spec: ModelSpec, request: InferRequest): void {
  for (const { name } of request.outputs) {
    if (!spec.outputs.some((output) => output.name === name)) {
      throw invalidArgument(`unexpected inference output '${name}' for model '${spec.name}'`);
    }
  }
  checkInputCount(spec, request);
  const { inputs } = request;
  for (let at = 0; at < inputs.length; at++) {
    const input = inputs[at];
    if (input !== undefined && findSpec(spec, input, at) === undefined) {
      throw invalidArgument(`unexpected inference input '${input.name}' for model '${spec.name}'`);
    }
  }
  if (spec.maxBatchSize > 0) checkBatch(spec, request);
  for (let at = 0; at < inputs.length; at++) {
    const input = inputs[at];
    const expected = input === undefined ? undefined : findSpec(spec, input, at);
    if (input !== undefined && expected !== undefined) checkInput(spec, expected, { request, input });
  }
}

/** Callers mostly send inputs in the config's order: it looks there first. */
function findSpec(spec: ModelSpec, input: InputTensor, likelyAt: number): TensorSpec | undefined {
  const likely = spec.inputs[likelyAt];
  if (likely?.name === input.name) return likely;
  for (const expected of spec.inputs) if (expected.name === input.name) return expected;
  return undefined;
}

function checkInputCount(spec: ModelSpec, request: InferRequest): void {
  const total = spec.inputs.length;
  const given = request.inputs.length;
  const required = requiredCount(spec);
  if (given >= required && given <= total) return;
  const missing = spec.inputs.filter(
    (expected) => !expected.optional && !request.inputs.some(({ name }) => name === expected.name),
  );
  const expectation =
    required === total ? `${total} inputs` : `number of inputs between ${required} and ${total}`;
  const names = quoteAll(request.inputs);
  // Triton drops the opening bracket of an empty list of missing inputs; clients may know the text.
  const missed = missing.length === 0 ? ']' : `[${quoteAll(missing)}]`;
  throw invalidArgument(
    `${requestPrefix(request)}expected ${expectation} but got ${given} inputs for model '${spec.name}'. ` +
      `Got input(s) [${names}], but missing required input(s) ${missed}. Please provide all required input(s).`,
  );
}

function requiredCount(spec: ModelSpec): number {
  let count = 0;
  for (const input of spec.inputs) if (!input.optional) count++;
  return count;
}

const namesShownMax = 64;

function quoteAll(named: readonly { readonly name: string }[]): string {
  const shown = named.slice(0, namesShownMax).map(({ name }) => `'${name}'`);
  return shown.join(',') + (named.length > namesShownMax ? ',…' : '');
}

function checkBatch(spec: ModelSpec, request: InferRequest): void {
  const batchSize = request.inputs[0]?.shape[0];
  for (const input of request.inputs) {
    if (input.shape.length === 0) {
      throw invalidArgument(
        `${requestPrefix(request)}input '${input.name}' has no shape but model requires batch dimension for '${spec.name}'`,
      );
    }
    if (input.shape[0] !== batchSize) {
      throw invalidArgument(
        `${requestPrefix(request)}input '${input.name}' batch size does not match other inputs for '${spec.name}'`,
      );
    }
  }
  if (batchSize !== undefined && batchSize > spec.maxBatchSize) {
    throw invalidArgument(
      `${requestPrefix(request)}inference request batch-size must be <= ${spec.maxBatchSize} for '${spec.name}'`,
    );
  }
}

function checkInput(
  spec: ModelSpec,
  expected: TensorSpec,
  { request, input }: { request: InferRequest; input: InputTensor },
): void {
  const { name, datatype, shape } = input;
  if (datatype !== expected.datatype) {
    throw invalidArgument(
      `${requestPrefix(request)}inference input '${name}' data-type is '${datatype}', but model '${spec.name}' expects '${expected.datatype}'`,
    );
  }
  const batching = spec.maxBatchSize > 0;
  if (shape.includes(-1)) {
    throw invalidArgument(
      `${requestPrefix(request)}All input dimensions should be specified for input '${name}' for model '${spec.name}', got ${formatShape(shape)}`,
    );
  }
  if (!shapeFits(shape, expected.dims, batching ? 1 : 0)) {
    const wanted = batching ? [-1, ...expected.dims] : expected.dims;
    throw invalidArgument(
      `${requestPrefix(request)}unexpected shape for input '${name}' for model '${spec.name}'. ` +
        `Expected ${formatShape(wanted)}, got ${formatShape(shape)}. ${batching ? batchingNote : ''}`,
    );
  }
  checkSize(spec, request, input);
}

function checkSize(spec: ModelSpec, request: InferRequest, input: InputTensor): void {
  const { shape } = input;
  if (isPlainlyRight(input)) return;
  // A batch of zero counts as "no batch": the size is then that of one row, as in Triton. But there is no
  // place for that row: such a request passes only when a row has no elements either.
  if (spec.maxBatchSize > 0 && shape[0] === 0) checkData(spec, request, { input, counted: shape.slice(1) });
  checkData(spec, request, { input, counted: shape });
}

/** Whether a shape without zeros asks for exactly the bytes that are there: what nearly all requests do. */
function isPlainlyRight({ datatype, shape, data }: InputTensor): boolean {
  if (datatype === 'BYTES') return false;
  let bytes = elementBytes[datatype];
  for (let axis = 0; axis < shape.length; axis++) {
    const dim = shape[axis] ?? 0;
    if (dim <= 0) return false;
    bytes *= dim;
  }
  return bytes === data.byteLength;
}

/** Holds the data against the size that a shape asks for. */
function checkData(
  spec: ModelSpec,
  request: InferRequest,
  { input, counted }: { input: InputTensor; counted: Shape },
): void {
  checkDimensions(input, counted);
  const count = elementCount(counted);
  if (input.datatype === 'BYTES') {
    checkElements(spec, request, { input, expected: count });
  } else if (count * elementBytes[input.datatype] !== input.data.byteLength) {
    throw invalidArgument(
      `${requestPrefix(request)}input byte size mismatch for input '${input.name}' for model '${spec.name}'. ` +
        `Expected ${exactCount(counted) * BigInt(elementBytes[input.datatype])}, got ${input.data.byteLength}`,
    );
  }
}

function checkDimensions(input: InputTensor, shape: Shape): void {
  const bytes = input.datatype === 'BYTES';
  if (shape.some((dim) => dim < 0)) {
    throw invalidArgument(
      `tensor '${input.name}' contains an invalid dimension ${bytes ? 'in shape ' : ''}${formatShape(shape)}`,
    );
  }
  if (elementCount(shape) <= Number.MAX_SAFE_INTEGER) return;
  const width = bytes ? 1n : BigInt(elementBytes[input.datatype]);
  if (exactCount(shape) * width > largestCount) {
    throw invalidArgument(
      `${bytes ? 'element count' : 'byte size'} for tensor '${input.name}' exceeds maximum size of ${largestCount}`,
    );
  }
}

function exactCount(shape: Shape): bigint {
  return shape.reduce((count, dim) => count * BigInt(dim), 1n);
}

function checkElements(
  spec: ModelSpec,
  request: InferRequest,
  { input, expected }: { input: InputTensor; expected: number },
): void {
  if (input.data instanceof RegionBytes)
    throw new Error('Texts were not read before the check. This is a bug.');
  const walk = walkBytes(wholeBytes(input.data), expected);
  const where = `inference input '${input.name}' for model '${spec.name}'`;
  const prefix = requestPrefix(request);
  switch (walk.kind) {
    case 'cut-prefix':
      throw invalidArgument(
        `${prefix}incomplete string length indicator for ${where}, expecting 4 bytes but only ${walk.left} bytes available. ` +
          'Please make sure the string length indicator is in one buffer.',
      );
    case 'surplus':
      throw invalidArgument(
        `${prefix}unexpected number of string elements ${walk.count} for ${where}, expecting ${expected}`,
      );
    case 'whole':
    case 'cut-element':
      if (walk.count < expected) {
        throw invalidArgument(
          `${prefix}expected ${expected} string elements for ${where}, got ${walk.count}`,
        );
      }
  }
  if (walk.kind === 'cut-element') {
    throw invalidArgument(
      `incomplete string data for inference input '${input.name}', expecting string of length ${walk.length} but only ${walk.left} bytes available`,
    );
  }
}
