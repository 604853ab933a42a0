import { isDatatype } from '../../../tensors/datatype.js';
import { elementCount } from '../../../tensors/shape.js';
import { invalidArgument } from '../../../inference/error.js';
import { JsonReader } from './json-reader.js';
import { byte } from './json-syntax.js';
import { readTensor, type JsonTensor } from './json-tensor.js';
import { isArray, isInteger, type JsonObject, type JsonValue } from './json-value.js';

/** An input as it came: its members but for `data`, which has become the tensor's bytes. */
export interface WireInput {
  readonly members: JsonObject;
  /** Absent when the input has none. */
  readonly data: JsonTensor | undefined;
}

/** A request's JSON. What its members are is looked at when all of it was read. */
export interface WireInferRequest {
  /** Its members but for `inputs`. */
  readonly members: JsonObject;
  /** 'absent' where it has none, 'no-array' where it has something else by that name. */
  readonly inputs: readonly WireInput[] | 'absent' | 'no-array';
}

export interface ReadLimits {
  /** Of the bytes of one tensor. */
  readonly tensorBytesMax: number;
}

/** As many inputs and requested outputs as gRPC takes. */
export const inputsMax = 16_384;

/** Reads a request. Throws InferenceError when it is no JSON, with Triton's words. */
export function readInferRequest(json: Uint8Array, limits: ReadLimits): WireInferRequest {
  const reader = new JsonReader(json);
  const members = new Map<string, JsonValue>();
  let inputs: WireInferRequest['inputs'] = 'absent';
  reader.document(() => {
    if (reader.peek() !== byte.openCurly) return reader.skip();
    reader.object((name) => {
      if (name === 'inputs' && inputs === 'absent') inputs = readInputs(reader, limits);
      else if (known.has(name) && !members.has(name)) members.set(name, reader.value());
      else reader.skip();
    });
  });
  return { members, inputs };
}

const known = new Set(['id', 'parameters', 'outputs']);

function readInputs(reader: JsonReader, limits: ReadLimits): WireInferRequest['inputs'] {
  if (reader.peek() !== byte.openSquare) {
    reader.skip();
    return 'no-array';
  }
  const inputs: WireInput[] = [];
  reader.array(() => {
    if (inputs.length === inputsMax)
      throw invalidArgument(`too many inputs: at most ${inputsMax} are accepted`);
    inputs.push(readInput(reader, limits));
  });
  return inputs;
}

const knownOfInput = new Set(['name', 'datatype', 'shape', 'parameters']);

function readInput(reader: JsonReader, limits: ReadLimits): WireInput {
  const members = new Map<string, JsonValue>();
  let data: JsonTensor | undefined;
  let dataAt = -1;
  if (reader.peek() !== byte.openCurly) {
    reader.skip();
    return { members, data };
  }
  reader.object((name) => {
    if (name === 'data' && data === undefined) {
      dataAt = reader.at;
      data = readData(reader, members, limits);
    } else if (knownOfInput.has(name) && !members.has(name)) {
      members.set(name, reader.value());
    } else {
      reader.skip();
    }
  });
  // What the tensor is may have come behind its data.
  if (data?.kind === 'unread') {
    const end = reader.at;
    reader.at = dataAt;
    data = readData(reader, members, limits);
    reader.at = end;
  }
  return { members, data };
}

function readData(reader: JsonReader, members: JsonObject, { tensorBytesMax }: ReadLimits): JsonTensor {
  const [name, datatype, shape] = [members.get('name'), members.get('datatype'), members.get('shape')];
  const count = countOf(shape);
  if (typeof name !== 'string' || typeof datatype !== 'string' || !isDatatype(datatype) || count === 0) {
    reader.skip();
    return { kind: 'unread' };
  }
  return readTensor(reader, { name, datatype, elementCount: count, bytesMax: tensorBytesMax });
}

/** The elements of a shape; 0 where it is none, or more than can be counted. */
function countOf(shape: JsonValue | undefined): number {
  if (!isArray(shape)) return 0;
  const dims = shape.map((dim) => (isInteger(dim) ? Number(dim) : -1));
  const count = dims.some((dim) => dim < 0) ? 0 : elementCount(dims);
  return Number.isSafeInteger(count) ? count : 0;
}
