import { InferenceError, invalidArgument } from '../../inference/error.js';
import type { RegionSpan } from '../../inference/region-span.js';
import type { RegionSource, RegionUse } from '../../inference/region-use.js';
import { InferRequest, requestPrefix, type RequestedOutput } from '../../inference/request.js';
import type { TensorBytes } from '../../tensors/chunked-bytes.js';
import { isDatatype } from '../../tensors/datatype.js';
import { elementCount } from '../../tensors/shape.js';
import type { InputTensor } from '../../tensors/tensor.js';
import type { Blobs } from './blobs.js';
import { inputsMax, type WireInferRequest, type WireInput } from './codec/infer-request.js';
import { tensorError } from './codec/json-tensor.js';
import {
  accessText,
  isObject,
  missingText,
  type JsonInteger,
  type JsonObject,
  type JsonValue,
} from './codec/json-value.js';
import { asArray, asBoolean, asString, asUnsigned, member, unparsable } from './json-access.js';
import { applyParameters } from './parameters.js';

/** A request, and how its outputs shall be written. */
export interface HttpInferRequest {
  readonly request: InferRequest;
  readonly form: AnswerForm;
}

/** 'all': every output is binary; else those that are named. */
export interface AnswerForm {
  readonly binary: 'all' | ReadonlySet<string>;
}

/** What a request's JSON stands before. */
export interface RequestRest {
  readonly model: string;
  /** The bytes behind the JSON; absent when the request did not say where its JSON ends. */
  readonly blobs: Blobs | undefined;
  /** Where tensors that lie in shared memory are found. */
  readonly regions: RegionSource;
}

const noMembers: JsonObject = new Map();
const noneBinary: ReadonlySet<string> = new Set();

/**
 * Turns a request that was read into one that can be run, in Triton's order of checks and with its texts. Whoever does
 * not give it to the server releases its regions.
 */
export function toInferRequest(wire: WireInferRequest, rest: RequestRest): HttpInferRequest {
  const { members } = wire;
  const inputs: InputTensor[] = [];
  const outputs: RequestedOutput[] = [];
  const id = members.get('id');
  const request = new InferRequest(id === undefined ? '' : asString(id, 'id'), inputs, outputs);
  const binaryDefault = applyParameters(request, members.get('parameters'));
  if (wire.inputs === 'absent') throw unparsable("Unable to parse 'inputs'", missingText('inputs'));
  if (wire.inputs === 'no-array') throw unparsable("Unable to parse 'inputs'", accessText('array'));
  try {
    const names = new Set<string>();
    for (const input of wire.inputs) inputs.push(toTensor(input, rest, { request, names }));
    if (rest.blobs !== undefined && rest.blobs.leftBytes > 0) {
      throw invalidArgument(`unexpected additional input data for model '${rest.model}'`);
    }
    const listed = members.get('outputs');
    if (listed === undefined) return { request, form: { binary: binaryDefault ? 'all' : noneBinary } };
    const binary = addOutputs(request, outputs, {
      listed: asArray(listed, 'outputs'),
      regions: rest.regions,
    });
    return { request, form: { binary } };
  } catch (error) {
    request.regions?.release();
    throw error;
  }
}

/** What the request holds of the regions, from the first one on that it names. */
function useOf(request: InferRequest, source: RegionSource): RegionUse {
  return (request.regions ??= source.use());
}

/** The request so far. */
interface Before {
  readonly request: InferRequest;
  readonly names: Set<string>;
}

function addName(side: 'input' | 'output', name: string, { request, names }: Before): void {
  if (names.has(name)) {
    throw invalidArgument(`${requestPrefix(request)}${side} '${name}' already exists in request`);
  }
  names.add(name);
}

function toTensor(input: WireInput, rest: RequestRest, before: Before): InputTensor {
  const { members } = input;
  const parameters = parametersOf(members);
  refuseAmbiguous(input, parameters);
  const name = asString(member(members, 'name'), 'name');
  const datatype = asString(member(members, 'datatype'), 'datatype');
  const dims = asArray(member(members, 'shape'), 'shape').map((dim) => asUnsigned(dim, 'shape'));
  if (!isDatatype(datatype)) throw invalidArgument(`invalid datatype for input ${name}`);
  const shape = toShape(name, dims);
  addName('input', name, before);
  const binarySize = parameters.get('binary_data_size');
  if (binarySize !== undefined) {
    const size = asUnsigned(binarySize, 'binary_data_size');
    return { name, datatype, shape, data: takeBlob(name, size, rest) };
  }
  const span = toRegionSpan(parameters);
  if (span !== undefined) {
    return { name, datatype, shape, data: useOf(before.request, rest.regions).input(span) };
  }
  if (input.data?.kind === 'failed') throw tensorError(input.data);
  if (input.data?.kind === 'data') return { name, datatype, shape, data: input.data.data };
  return { name, datatype, shape, data: noBytes };
}

const noBytes = new Uint8Array(0);

function parametersOf(members: JsonObject): JsonObject {
  const parameters = members.get('parameters');
  return isObject(parameters) ? parameters : noMembers;
}

/** An input says in exactly one way where its data is. */
function refuseAmbiguous({ data }: WireInput, parameters: JsonObject): void {
  const set = [
    ...(data === undefined ? [] : ['data']),
    ...['binary_data_size', 'shared_memory_region'].filter((name) => parameters.has(name)),
  ];
  if (set.length === 1) return;
  const found = set.length === 0 ? 'no field is set' : `set ${set.map((name) => `'${name}'`).join(' ')}`;
  throw invalidArgument(
    `Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', 'shared_memory_region' in 'parameters'. But ${found}`,
  );
}

const int64Max = 2n ** 63n - 1n;

function toShape(name: string, dims: readonly JsonInteger[]): number[] {
  const shape = dims.map(Number);
  const subject = (): string => `invalid shape for input '${name}': shape [${dims.join(',')}]`;
  // Only what a number does not hold exactly can be so large.
  if (dims.some((dim) => typeof dim === 'bigint' && dim > int64Max)) {
    throw invalidArgument(`${subject()} contains one or more invalid dimensions`);
  }
  if (elementCount(shape) > Number.MAX_SAFE_INTEGER) {
    let exact = 1n;
    for (const dim of dims) exact = exact > int64Max ? exact : exact * BigInt(dim);
    if (exact > int64Max) {
      throw invalidArgument(`${subject()} causes total element count to exceed maximum size of ${int64Max}`);
    }
  }
  return shape;
}

function takeBlob(name: string, size: JsonInteger, { blobs, model }: RequestRest): TensorBytes {
  if (Number(size) === 0) return noBytes;
  if (blobs === undefined) {
    throw invalidArgument(
      "must specify valid 'Infer-Header-Content-Length' in request header and 'binary_data_size' when passing inputs in binary data format",
    );
  }
  if (size > blobs.leftBytes) {
    throw invalidArgument(
      `unexpected size for input '${name}', expecting ${BigInt(size) - BigInt(blobs.leftBytes)} additional bytes for model '${model}'`,
    );
  }
  return blobs.take(Number(size));
}

/** The part of shared memory that a tensor's parameters name, if they name one. */
function toRegionSpan(parameters: JsonObject): RegionSpan | undefined {
  const of = (name: string): JsonValue | undefined => parameters.get(`shared_memory_${name}`);
  const [region, offset, byteSize] = [of('region'), of('offset'), of('byte_size')];
  const name = region === undefined ? undefined : asString(region, 'shared_memory_region');
  const span = {
    offset: BigInt(asUnsigned(offset ?? 0, 'shared_memory_offset')),
    byteSize: BigInt(asUnsigned(byteSize ?? 0, 'shared_memory_byte_size')),
  };
  return name === undefined ? undefined : { region: name, ...span };
}

/** Adds what was asked for; the result is the outputs that shall be binary. */
function addOutputs(
  request: InferRequest,
  outputs: RequestedOutput[],
  { listed, regions }: { listed: readonly JsonValue[]; regions: RegionSource },
): ReadonlySet<string> {
  if (listed.length > inputsMax) {
    throw invalidArgument(`too many outputs: at most ${inputsMax} are accepted`);
  }
  const binary = new Set<string>();
  const names = new Set<string>();
  for (const one of listed) {
    const members = isObject(one) ? one : noMembers;
    const parameters = parametersOf(members);
    const asBinary = refuseMixed(parameters);
    const name = asString(member(members, 'name'), 'name');
    addName('output', name, { request, names });
    const classification = parameters.get('classification');
    // None, as 0 does, asks for the tensor itself.
    outputs.push({ name, classificationCount: Number(asClassCount(classification ?? 0)) });
    const span = toRegionSpan(parameters);
    if (span !== undefined) useOf(request, regions).output(name, span);
    if (asBinary !== undefined && asBoolean(asBinary, 'binary_data')) binary.add(name);
  }
  return binary;
}

function asClassCount(value: JsonValue): JsonInteger {
  if ((typeof value !== 'number' && typeof value !== 'bigint') || value < 0)
    throw unparsable("Unable to set 'classification'", accessText('unsigned'));
  return value;
}

/** An output in shared memory is nothing else; the result is what `binary_data` says. */
function refuseMixed(parameters: JsonObject): JsonValue | undefined {
  const asBinary = parameters.get('binary_data');
  if (!parameters.has('shared_memory_region')) return asBinary;
  const both = (other: string): InferenceError =>
    invalidArgument(`Output can't set both 'shared_memory_region' and '${other}'`);
  if (parameters.has('classification')) throw both('classification');
  if (asBinary === undefined) return undefined;
  if (typeof asBinary !== 'boolean') throw unparsable("Unable to set 'binary_data'", accessText('boolean'));
  if (asBinary) throw both('binary_data');
  return asBinary;
}
