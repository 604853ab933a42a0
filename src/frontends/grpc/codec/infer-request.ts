import { MalformedMessage, Reader, wire } from './reader.js';

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
  readonly raw: Buffer[] = [];
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

/** Throws MalformedMessage when the bytes are no message. */
export function decodeInferRequest(bytes: Uint8Array): WireInferRequest {
  const reader = new Reader(bytes);
  const message = new WireInferRequest();
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
        message.parameters = withParameter(message.parameters, reader);
        break;
      case requestTags.inputs:
        message.inputs.push(readInput(reader));
        break;
      case requestTags.outputs:
        message.outputs.push(readOutput(reader));
        break;
      case requestTags.raw:
        message.raw.push(reader.view());
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

function readInput(reader: Reader): WireInput {
  const outer = reader.enter();
  const input = new WireInput();
  const contents: Buffer[] = [];
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
        input.shape.push(reader.int64());
        break;
      case inputTags.dims:
        readPackedDims(reader, input.shape);
        break;
      case inputTags.parameters:
        input.parameters = withParameter(input.parameters, reader);
        break;
      case inputTags.contents:
        contents.push(reader.view());
        break;
      default:
        reader.skip(tag);
    }
  }
  reader.end = outer;
  input.contents = merged(contents);
  return input;
}

function readPackedDims(reader: Reader, shape: number[]): void {
  const outer = reader.enter();
  while (!reader.done) shape.push(reader.int64());
  reader.end = outer;
}

/** A message that comes in pieces is the concatenation of its pieces; joined once, however many they are. */
function merged(pieces: readonly Buffer[]): Buffer | undefined {
  return pieces.length > 1 ? Buffer.concat(pieces) : pieces[0];
}

function readOutput(reader: Reader): WireOutput {
  const outer = reader.enter();
  const output = new WireOutput();
  while (!reader.done) {
    const next = reader.tag();
    if (next === tag(1, wire.bytes)) output.name = reader.string();
    else if (next === tag(2, wire.bytes)) output.parameters = withParameter(output.parameters, reader);
    else reader.skip(next);
  }
  reader.end = outer;
  return output;
}

/** Reads one entry of a parameter map; a key that comes again replaces the earlier one. */
function withParameter(parameters: WireParameters, reader: Reader): WireParameters {
  const outer = reader.enter();
  let key = '';
  const value: Buffer[] = [];
  while (!reader.done) {
    const next = reader.tag();
    if (next === tag(1, wire.bytes)) key = reader.string();
    else if (next === tag(2, wire.bytes)) value.push(reader.view());
    else reader.skip(next);
  }
  reader.end = outer;
  const all = parameters === noParameters ? new Map<string, WireParameter>() : parameters;
  (all as Map<string, WireParameter>).set(key, readParameter(merged(value)));
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

export { MalformedMessage };
