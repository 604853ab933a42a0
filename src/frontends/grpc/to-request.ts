import { invalidArgument } from '../../inference/error.js';
import type { RegionSpan } from '../../inference/region-span.js';
import type { RegionSource, RegionUse } from '../../inference/region-use.js';
import { InferRequest, requestPrefix, type RequestedOutput } from '../../inference/request.js';
import { isDatatype } from '../../tensors/datatype.js';
import type { TensorBytes } from '../../tensors/chunked-bytes.js';
import type { RegionBytes } from '../../tensors/region-bytes.js';
import type { InputTensor } from '../../tensors/tensor.js';
import { readContents } from './codec/contents.js';
import type { WireInferRequest, WireInput, WireOutput } from './codec/infer-request.js';
import { MalformedMessage } from './codec/reader.js';
import { applyParameters } from './parameters.js';
import { readRegionSpan } from './region-parameters.js';
import { unreadableRequest } from './status.js';

/**
 * Turns a decoded message into a request, in Triton's order: parameters, inputs and outputs declared,
 * data located, output parameters. Raw tensors stay views of the received bytes, and what lies in shared memory stays
 * there: whoever does not give the request to the server releases its regions.
 */
export function toInferRequest(message: WireInferRequest, source: RegionSource): InferRequest {
  const inputs: InputTensor[] = [];
  const outputs: RequestedOutput[] = [];
  const request = new InferRequest(message.id, inputs, outputs);
  applyParameters(request, message.parameters);
  refuseDuplicates(request, 'input', message.inputs);
  refuseDuplicates(request, 'output', message.outputs);
  let nextRaw = 0;
  try {
    for (const input of message.inputs) {
      const region = readRegionSpan(input.name, input.parameters);
      inputs.push(
        region === undefined
          ? received(message, input, message.raw[nextRaw++])
          : shared(message, input, { region, use: useOf(request, source) }),
      );
    }
    for (const output of message.outputs) outputs.push(toRequestedOutput(output, request, source));
  } catch (error) {
    request.regions?.release();
    throw error;
  }
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

/** What the request holds of the regions, from the first one on that it names. */
function useOf(request: InferRequest, source: RegionSource): RegionUse {
  return (request.regions ??= source.use());
}

/** An input that the client has put into shared memory. */
function shared(
  message: WireInferRequest,
  input: WireInput,
  { region, use }: { region: RegionSpan; use: RegionUse },
): InputTensor {
  if (input.contents !== undefined) {
    throw invalidArgument(
      `unexpected 'content' provided when using shared memory for input tensor '${input.name}' for model '${message.modelName}'`,
    );
  }
  return toTensor(input, use.input(region));
}

/** An input whose bytes came in the message. */
function received(message: WireInferRequest, input: WireInput, raw: TensorBytes | undefined): InputTensor {
  const where = (): string => `'${input.name}' for model '${message.modelName}'`;
  if (input.contents !== undefined && message.raw.length > 0) {
    throw invalidArgument(
      `contents field must not be specified when using raw_input_contents for ${where()}`,
    );
  }
  const data = input.contents === undefined ? raw : readTyped(input, input.contents, message.modelName);
  if (data === undefined) {
    throw invalidArgument(`unable to find data for input tensor ${where()} in request.`);
  }
  return toTensor(input, data);
}

function toTensor({ name, datatype: named, shape }: WireInput, data: TensorBytes | RegionBytes): InputTensor {
  // A name that is no datatype never equals the model's: the check answers with what it expects.
  const datatype = isDatatype(named) ? named : ('<invalid>' as InputTensor['datatype']);
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

function toRequestedOutput(output: WireOutput, request: InferRequest, source: RegionSource): RequestedOutput {
  const region = readRegionSpan(output.name, output.parameters);
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
  if (region !== undefined) useOf(request, source).output(output.name, region);
  return { name: output.name, classificationCount: Number(classification?.value ?? 0n) };
}
