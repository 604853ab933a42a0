import { InferenceError, invalidArgument } from '../../inference/error.js';
import { InferRequest, requestPrefix, type RequestedOutput } from '../../inference/request.js';
import { isDatatype } from '../../tensors/datatype.js';
import type { TensorBytes } from '../../tensors/chunked-bytes.js';
import type { ReceivedTensor } from '../../tensors/tensor.js';
import { readContents } from './codec/contents.js';
import type { WireInferRequest, WireInput, WireOutput, WireParameters } from './codec/infer-request.js';
import { MalformedMessage } from './codec/reader.js';
import { applyParameters } from './parameters.js';
import { unreadableRequest } from './status.js';

/**
 * Turns a decoded message into a request, in Triton's order: parameters, inputs and outputs declared,
 * data located, output parameters. Raw tensors stay views of the received bytes.
 */
export function toInferRequest(message: WireInferRequest): InferRequest {
  const inputs: ReceivedTensor[] = [];
  const outputs: RequestedOutput[] = [];
  const request = new InferRequest(message.id, inputs, outputs);
  applyParameters(request, message.parameters);
  refuseDuplicates(request, 'input', message.inputs);
  refuseDuplicates(request, 'output', message.outputs);
  let nextRaw = 0;
  for (const input of message.inputs) {
    inputs.push(locate(message, input, message.raw[nextRaw++]));
  }
  for (const output of message.outputs) outputs.push(toRequestedOutput(output));
  return request;
}

function refuseDuplicates(
  request: InferRequest,
  side: 'input' | 'output',
  named: readonly { readonly name: string }[],
): void {
  const name = named.length <= fewNames ? firstTwiceOfFew(named) : firstTwice(named);
  if (name !== undefined) {
    throw invalidArgument(`${requestPrefix(request)}${side} '${name}' already exists in request`);
  }
}

/** So many names are compared with each other faster than a set is made. */
const fewNames = 8;

function firstTwiceOfFew(named: readonly { readonly name: string }[]): string | undefined {
  for (let i = 1; i < named.length; i++) {
    for (let j = 0; j < i; j++) if (named[i]?.name === named[j]?.name) return named[i]?.name;
  }
  return undefined;
}

function firstTwice(named: readonly { readonly name: string }[]): string | undefined {
  const seen = new Set<string>();
  for (const { name } of named) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}

function locate(message: WireInferRequest, input: WireInput, raw: TensorBytes | undefined): ReceivedTensor {
  const { name, shape } = input;
  const where = (): string => `'${name}' for model '${message.modelName}'`;
  const region = readRegion(name, input.parameters);
  if (region !== undefined && input.contents !== undefined) {
    throw invalidArgument(
      `unexpected 'content' provided when using shared memory for input tensor ${where()}`,
    );
  }
  if (region !== undefined) throw unknownRegion(region);
  if (input.contents !== undefined && message.raw.length > 0) {
    throw invalidArgument(
      `contents field must not be specified when using raw_input_contents for ${where()}`,
    );
  }
  const data = input.contents === undefined ? raw : readTyped(input, input.contents, message.modelName);
  if (data === undefined) {
    throw invalidArgument(`unable to find data for input tensor ${where()} in request.`);
  }
  // A name that is no datatype never equals the model's: the check answers with what it expects.
  const datatype = isDatatype(input.datatype) ? input.datatype : ('<invalid>' as ReceivedTensor['datatype']);
  return { name, datatype, shape, data };
}

function readTyped(input: WireInput, bytes: Buffer, model: string): Uint8Array {
  let contents;
  try {
    contents = readContents(bytes, input.datatype);
  } catch (error) {
    throw error instanceof MalformedMessage ? unreadableRequest(error) : error;
  }
  const subject = `unexpected explicit tensor data for input tensor '${input.name}' for model '${model}'`;
  switch (contents.kind) {
    case 'raw':
      return contents.data;
    case 'mismatch':
      throw invalidArgument(`${subject} of type '${contents.list}', expected datatype '${input.datatype}'`);
    case 'second-list':
      throw invalidArgument(`${subject}, binary data was already supplied.`);
  }
}

/** The region that a tensor's parameters name, if they name one and are right otherwise. */
function readRegion(tensor: string, parameters: WireParameters): string | undefined {
  if (parameters.size === 0) return undefined;
  const region = parameters.get('shared_memory_region');
  const subject = (name: string): string => `'shared_memory_${name}' parameter for tensor '${tensor}'`;
  if (region !== undefined && region.kind !== 'string_param') {
    throw invalidArgument(`invalid value type for ${subject('region')}, expected string_param.`);
  }
  for (const name of ['offset', 'byte_size']) {
    const given = parameters.get(`shared_memory_${name}`);
    if (given === undefined) continue;
    if (region === undefined) {
      throw invalidArgument(`'shared_memory_${name}' can not be specified without ${subject('region')}`);
    }
    if (given.kind !== 'int64_param') {
      throw invalidArgument(`invalid value type for ${subject(name)}, expected int64_param.`);
    }
  }
  if (region !== undefined && !parameters.has('shared_memory_byte_size')) {
    throw invalidArgument(`'shared_memory_byte_size' must be specified along with ${subject('region')}`);
  }
  return region?.value;
}

/** Shared memory is off, as it is by default in Triton: what names a region does not find it. */
function unknownRegion(name: string): InferenceError {
  return new InferenceError('not-found', `Unable to find shared memory region: '${name}'`);
}

function toRequestedOutput(output: WireOutput): RequestedOutput {
  const region = readRegion(output.name, output.parameters);
  const classification = output.parameters.get('classification');
  if (classification !== undefined && classification.kind !== 'int64_param') {
    throw invalidArgument(`invalid value type for 'classification' parameter, expected int64_param`);
  }
  if (classification !== undefined && classification.value <= 0n) {
    throw invalidArgument(`invalid value for 'classification' parameter, expected >= 0`);
  }
  if (region !== undefined && classification !== undefined) {
    throw invalidArgument(`output can't set both 'shared_memory_region' and 'classification'`);
  }
  if (region !== undefined) throw unknownRegion(region);
  return { name: output.name, classificationCount: Number(classification?.value ?? 0n) };
}
