import { invalidArgument } from '../../inference/error.js';
import { InferRequest, requestPrefix, type ParameterValue } from '../../inference/request.js';
import type { TensorMetadata } from '../../server/metadata.js';
import { joinBytes, lengthPrefixBytes } from '../../tensors/bytes.js';
import { elementBytes, isDatatype } from '../../tensors/datatype.js';
import type { Shape } from '../../tensors/shape.js';
import type { ReceivedTensor } from '../../tensors/tensor.js';
import {
  asDouble,
  asObject,
  asText,
  findMember,
  isArray,
  isInt,
  JsonNumber,
  membersOf,
  type JsonObject,
  type JsonValue,
} from './json.js';
import { badParameter, noHalfFloats, within, withinAsync } from './json-errors.js';
import { readTensor, readTexts } from './json-tensor.js';

/** What a request may fill. */
export interface GenerateTarget {
  readonly inputs: readonly TensorMetadata[];
  /** Bytes of all inputs together. */
  readonly bytesMax: number;
}

/** The key whose members are treated as if they stood beside it. */
const nested = 'parameters';

/**
 * The request that a JSON object stands for: each key that names an input of the model is that input, every other one
 * is a parameter for the model.
 */
export async function toGenerateRequest(body: JsonValue, target: GenerateTarget): Promise<InferRequest> {
  const members = membersOf(body);
  const id = findMember(body, 'id');
  const inputs: ReceivedTensor[] = [];
  const request = new InferRequest(
    id === undefined ? '' : within("Unable to parse 'id'", () => asText(id)),
    inputs,
  );
  const filling: Filling = { request, inputs, parameters: new Map(), target, bytes: 0 };
  for (const [name, value] of members) {
    if (name !== nested) {
      await take(filling, name, value);
      continue;
    }
    if (target.inputs.some((input) => input.name === nested)) {
      throw invalidArgument(`Keyword '${nested}' for nested schema also given as input tensor name`);
    }
    const inside = within(`Expected JSON object for keyword: '${nested}'`, () => asObject(value));
    await withinAsync(`Converting keyword: '${nested}'`, () => takeAll(filling, inside));
  }
  request.parameters = filling.parameters;
  return request;
}

interface Filling {
  readonly request: InferRequest;
  readonly inputs: ReceivedTensor[];
  readonly parameters: Map<string, ParameterValue>;
  readonly target: GenerateTarget;
  /** Of the inputs so far. */
  bytes: number;
}

async function takeAll(filling: Filling, { members }: JsonObject): Promise<void> {
  for (const [name, value] of members) await take(filling, name, value);
}

async function take(filling: Filling, name: string, value: JsonValue): Promise<void> {
  const input = filling.target.inputs.find((one) => one.name === name);
  if (input === undefined) filling.parameters.set(name, toParameter(name, value));
  else filling.inputs.push(await toInput(filling, input, value));
}

function toParameter(name: string, value: JsonValue): ParameterValue {
  if (value instanceof Uint8Array) return asText(value);
  if (isInt(value)) return BigInt(value.text);
  if (typeof value === 'boolean') return value;
  if (value instanceof JsonNumber) return asDouble(value);
  throw badParameter(name);
}

async function toInput(filling: Filling, input: TensorMetadata, value: JsonValue): Promise<ReceivedTensor> {
  const { request, inputs, target } = filling;
  const { name, datatype } = input;
  if (!isDatatype(datatype)) throw invalidArgument(`invalid datatype for input ${name}`);
  if (datatype === 'FP16' || datatype === 'BF16') throw noHalfFloats(datatype, name);
  const elementCount = isArray(value) ? value.length : 1;
  const texts = datatype === 'BYTES' ? readTexts(value) : [];
  const size = texts.reduce(
    (sum, text) => sum + lengthPrefixBytes + text.byteLength,
    elementCount * elementBytes[datatype],
  );
  filling.bytes += size;
  if (filling.bytes > target.bytesMax) {
    throw invalidArgument(
      `request size of ${filling.bytes} bytes with input '${name}' of size ${size} bytes exceeds the maximum allowed input size of ${target.bytesMax}. Use --http-max-input-size to increase the limit.`,
    );
  }
  const shape = fitShape(input, elementCount);
  const data = datatype === 'BYTES' ? joinBytes(texts) : await readTensor(value, { datatype, elementCount });
  if (inputs.some((one) => one.name === name)) {
    throw invalidArgument(`${requestPrefix(request)}input '${name}' already exists in request`);
  }
  return { name, datatype, shape, data };
}

/** The model's shape for so many elements: the innermost free dimension takes what the fixed ones leave, others are 1. */
function fitShape({ name, shape }: TensorMetadata, elementCount: number): Shape {
  let left = elementCount;
  const fitted = shape.toReversed();
  const refusal = `The schema can not convert input '${name}' to tensor with proper shape`;
  for (const dim of fitted) {
    if (dim === -1) continue;
    if (left % dim !== 0) throw invalidArgument(refusal);
    left /= dim;
  }
  for (const [index, dim] of fitted.entries()) {
    if (dim !== -1) continue;
    fitted[index] = left;
    left = 1;
  }
  if (left !== 1) throw invalidArgument(refusal);
  return fitted.toReversed();
}
