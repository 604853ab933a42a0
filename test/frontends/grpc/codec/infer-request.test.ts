import assert from 'node:assert/strict';
import { wholeBytes } from '../../../../src/tensors/chunked-bytes.js';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  decodeInferRequest,
  type WireInferRequest,
  type WireParameter,
  type WireParameters,
} from '../../../../src/frontends/grpc/codec/infer-request.js';
import { decode, encode, inferRequest, request, tensorContents, type Plain } from './schema.js';

/** What a message says, in a form that both decoders can be brought to. */
function said(message: WireInferRequest): Plain {
  return {
    model_name: message.modelName,
    model_version: message.modelVersion,
    id: message.id,
    parameters: saidParameters(message.parameters),
    inputs: message.inputs.map(({ name, datatype, shape, parameters, contents }) => ({
      name,
      datatype,
      shape: shape.map(String),
      parameters: saidParameters(parameters),
      contents: contents === undefined ? null : decode(tensorContents, contents),
    })),
    outputs: message.outputs.map(({ name, parameters }) => ({
      name,
      parameters: saidParameters(parameters),
    })),
    raw_input_contents: message.raw.map((bytes) => Buffer.from(wholeBytes(bytes))),
  };
}

function saidParameters(parameters: WireParameters): Plain {
  return Object.fromEntries([...parameters].map(([key, value]) => [key, saidParameter(value)]));
}

function saidParameter(parameter: WireParameter): Plain {
  if (parameter.kind === 'unset') return {};
  const { kind, value } = parameter;
  return { [kind]: typeof value === 'bigint' ? String(value) : value, parameter_choice: kind };
}

test('what protobufjs writes is read to the same content', () => {
  fc.assert(
    fc.property(request, (plain) => {
      const bytes = encode(inferRequest, plain);
      assert.deepEqual(said(decodeInferRequest(bytes)), decode(inferRequest, bytes));
    }),
    { numRuns: 500 },
  );
});

test('an empty message is a request without anything', () => {
  const empty = decodeInferRequest(Buffer.alloc(0));
  assert.deepEqual(said(empty), decode(inferRequest, Buffer.alloc(0)));
  assert.deepEqual(empty.raw, []);
});

test('a message is read alike from the middle of a larger buffer, Buffer or not', () => {
  fc.assert(
    fc.property(request, fc.nat(9), (plain, offset) => {
      const bytes = encode(inferRequest, plain);
      const around = new Uint8Array(bytes.byteLength + 20).fill(0xff);
      around.set(bytes, offset);
      const view = around.subarray(offset, offset + bytes.byteLength);
      assert.deepEqual(said(decodeInferRequest(view)), said(decodeInferRequest(bytes)));
    }),
  );
});

test('raw tensors are views of the received bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 5000 }), { minLength: 1, maxLength: 4 }), (tensors) => {
      const bytes = encode(inferRequest, { raw_input_contents: tensors });
      const { raw } = decodeInferRequest(bytes);
      for (const [i, tensor] of raw.entries()) {
        assert.ok(Buffer.isBuffer(tensor));
        assert.ok(tensor.buffer === bytes.buffer);
        assert.deepEqual(Buffer.from(tensors[i]!), tensor);
        if (tensor.byteLength > 0) {
          const changed = bytes[tensor.byteOffset - bytes.byteOffset]! ^ 0xff;
          bytes[tensor.byteOffset - bytes.byteOffset] = changed;
          assert.equal(tensor[0], changed);
        }
      }
    }),
  );
});
