import { inputsMax, outputsMax, rawContentsMax, Tally, tooMany } from './limits.js';
import { Pieces } from './pieces.js';
import type { TensorBytes } from '../../../tensors/chunked-bytes.js';
import { Reader, wire } from './reader.js';

/** A parameter as it came; `kind` names the member of the oneof that was set last. */
export type WireParameter =
  | { readonly kind: 'bool_param'; readonly value: boolean }
  | { readonly kind: 'int64_param'; readonly value: bigint }
  | { readonly kind: 'string_param'; readonly value: string }
  | { readonly kind: 'double_param'; readonly value: number }
  | { readonly kind: 'uint64_param'; readonly value: bigint }
  | { readonly kind: 'unset' };

export type WireParameters = ReadonlyMap<string, WireParameter>;

/** An input as it came. `contents` is the undecoded typed form, which few clients send. */
export class WireInput {
  name = '';
  datatype = '';
  shape: number[] = [];
  parameters: WireParameters = noParameters;
  contents: Buffer | undefined = undefined;
}

export class WireOutput {
  name = '';
  parameters: WireParameters = noParameters;
}

/** A ModelInferRequest, decoded in place: raw tensors are views of the received bytes. */
export class WireInferRequest {
  modelName = '';
  modelVersion = '';
  id = '';
  parameters: WireParameters = noParameters;
  readonly inputs: WireInput[] = [];
  readonly outputs: WireOutput[] = [];
  readonly raw: TensorBytes[] = [];
}

const noParameters: WireParameters = new Map();

const tag = (field: number, type: number): number => (field << 3) | type;

const requestTags = {
  modelName: tag(1, wire.bytes),
  modelVersion: tag(2, wire.bytes),
  id: tag(3, wire.bytes),
  parameters: tag(4, wire.bytes),
  inputs: tag(5, wire.bytes),
  outputs: tag(6, wire.bytes),
  raw: tag(7, wire.bytes),
} as const;

export const rawContentsTag = requestTags.raw;

/** Throws MalformedMessage when the bytes are no message, and InferenceError when they hold too many things. */
export function decodeInferRequest(bytes: Uint8Array): WireInferRequest {
  const reader = new Reader(bytes);
  const message = new WireInferRequest();
  const { inputs, outputs, raw } = message;
  const tally = new Tally();
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case requestTags.modelName:
        message.modelName = reader.string();
        break;
      case requestTags.modelVersion:
        message.modelVersion = reader.string();
        break;
      case requestTags.id:
        message.id = reader.string();
        break;
      case requestTags.parameters:
        message.parameters = withParameter(message.parameters, reader, tally);
        break;
      case requestTags.inputs:
        if (inputs.length === inputsMax) throw tooMany('inputs', inputsMax);
        inputs.push(readInput(reader, tally));
        break;
      case requestTags.outputs:
        if (outputs.length === outputsMax) throw tooMany('outputs', outputsMax);
        outputs.push(readOutput(reader, tally));
        break;
      case requestTags.raw:
        if (raw.length === rawContentsMax) throw tooMany('raw_input_contents', rawContentsMax);
        raw.push(reader.view());
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

const inputTags = {
  name: tag(1, wire.bytes),
  datatype: tag(2, wire.bytes),
  dim: tag(3, wire.varint),
  dims: tag(3, wire.bytes),
  parameters: tag(4, wire.bytes),
  contents: tag(5, wire.bytes),
} as const;

function readInput(reader: Reader, tally: Tally): WireInput {
  const outer = reader.enter();
  const start = reader.position;
  const input = new WireInput();
  const contents = new Pieces();
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case inputTags.name:
        input.name = reader.string();
        break;
      case inputTags.datatype:
        input.datatype = reader.string();
        break;
      case inputTags.dim:
        readDim(reader, input.shape, tally);
        break;
      case inputTags.dims:
        readPackedDims(reader, input.shape, tally);
        break;
      case inputTags.parameters:
        input.parameters = withParameter(input.parameters, reader, tally);
        break;
      case inputTags.contents:
        contents.pass(reader);
        break;
      default:
        reader.skip(tag);
    }
  }
  input.contents = contents.join(reader, start, inputTags.contents);
  reader.end = outer;
  return input;
}

function readPackedDims(reader: Reader, shape: number[], tally: Tally): void {
  const outer = reader.enter();
  while (!reader.done) readDim(reader, shape, tally);
  reader.end = outer;
}

function readDim(reader: Reader, shape: number[], tally: Tally): void {
  tally.addDim(shape.length);
  shape.push(reader.int64());
}

const outputParameters = tag(2, wire.bytes);

function readOutput(reader: Reader, tally: Tally): WireOutput {
  const outer = reader.enter();
  const output = new WireOutput();
  while (!reader.done) {
    const next = reader.tag();
    if (next === tag(1, wire.bytes)) output.name = reader.string();
    else if (next === outputParameters) output.parameters = withParameter(output.parameters, reader, tally);
    else reader.skip(next);
  }
  reader.end = outer;
  return output;
}

const entryValue = tag(2, wire.bytes);

/** Reads one entry of a parameter map; a key that comes again replaces the earlier one. */
function withParameter(parameters: WireParameters, reader: Reader, tally: Tally): WireParameters {
  tally.addParameter();
  const outer = reader.enter();
  const start = reader.position;
  let key = '';
  const value = new Pieces();
  while (!reader.done) {
    const next = reader.tag();
    if (next === tag(1, wire.bytes)) key = reader.string();
    else if (next === entryValue) value.pass(reader);
    else reader.skip(next);
  }
  const bytes = value.join(reader, start, entryValue);
  reader.end = outer;
  const all = parameters === noParameters ? new Map<string, WireParameter>() : parameters;
  (all as Map<string, WireParameter>).set(key, readParameter(bytes));
  return all;
}

function readParameter(bytes: Buffer | undefined): WireParameter {
  let parameter: WireParameter = { kind: 'unset' };
  if (bytes === undefined) return parameter;
  const reader = new Reader(bytes);
  while (!reader.done) {
    const next = reader.tag();
    switch (next) {
      case tag(1, wire.varint):
        parameter = { kind: 'bool_param', value: reader.boolean() };
        break;
      case tag(2, wire.varint):
        parameter = { kind: 'int64_param', value: BigInt.asIntN(64, reader.uint64()) };
        break;
      case tag(3, wire.bytes):
        parameter = { kind: 'string_param', value: reader.string() };
        break;
      case tag(4, wire.fixed64):
        parameter = { kind: 'double_param', value: reader.double() };
        break;
      case tag(5, wire.varint):
        parameter = { kind: 'uint64_param', value: reader.uint64() };
        break;
      default:
        reader.skip(next);
    }
  }
  return parameter;
}
