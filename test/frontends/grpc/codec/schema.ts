import protobuf from 'protobufjs';
import * as fc from 'fast-check';
import path from 'node:path';
import { root } from '../../../support/server.js';

/** The twin that the codec is tested against: protobufjs, by the proto files. */
export const schema = new protobuf.Root();
schema.resolvePath = (_origin, target) => path.join(root, 'protos', path.basename(target));
schema.loadSync('grpc_service.proto', { keepCase: true });

export const inferRequest = schema.lookupType('inference.ModelInferRequest');
export const inferInput = schema.lookupType('inference.ModelInferRequest.InferInputTensor');
export const inferResponse = schema.lookupType('inference.ModelInferResponse');
export const streamResponse = schema.lookupType('inference.ModelStreamInferResponse');
export const inferParameter = schema.lookupType('inference.InferParameter');
export const tensorContents = schema.lookupType('inference.InferTensorContents');

/** Messages as protobufjs takes and gives them, with 64-bit numbers as text. */
// Plain objects of many shapes.
// oxlint-disable-next-line typescript/no-explicit-any
export type Plain = any;

export function encode(type: protobuf.Type, plain: Plain): Buffer {
  return Buffer.from(type.encode(type.fromObject(plain)).finish());
}

export function decode(type: protobuf.Type, bytes: Uint8Array): Plain {
  return type.toObject(type.decode(bytes), { longs: String, defaults: true, oneofs: true });
}

/** Any text but the one key that protobufjs leaves out of its maps. */
export const name = fc
  .oneof(fc.string({ maxLength: 12 }), fc.string({ unit: 'grapheme', maxLength: 8 }))
  .filter((text) => text !== '__proto__');

export const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(0n, 1n, -1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, -(2n ** 63n), 2n ** 63n - 1n),
);
export const uint64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n),
);

export const parameter: fc.Arbitrary<Plain> = fc.oneof(
  fc.constant({}),
  fc.record({ bool_param: fc.boolean() }),
  fc.record({ int64_param: int64.map(String) }),
  fc.record({ string_param: name }),
  fc.record({ double_param: fc.double() }),
  fc.record({ uint64_param: uint64.map(String) }),
);

const parameters = fc.dictionary(name, parameter, { maxKeys: 3, noNullPrototype: true });
const dims = fc.array(fc.oneof(fc.integer({ min: -2, max: 300 }), fc.maxSafeInteger()), { maxLength: 5 });
export const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));

export const input: fc.Arbitrary<Plain> = fc.record(
  {
    name,
    datatype: fc.constantFrom('', 'FP32', 'INT64', 'BYTES', 'BOOL'),
    shape: dims.map((all) => all.map(String)),
    parameters,
    contents: fc.record({ fp32_contents: fc.array(fc.float(), { maxLength: 4 }) }),
  },
  { requiredKeys: ['name'] },
);

export const output: fc.Arbitrary<Plain> = fc.record({ name, parameters });

export const request: fc.Arbitrary<Plain> = fc.record(
  {
    model_name: name,
    model_version: name,
    id: name,
    parameters,
    inputs: fc.array(input, { maxLength: 3 }),
    outputs: fc.array(output, { maxLength: 3 }),
    raw_input_contents: fc.array(bytes, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);
