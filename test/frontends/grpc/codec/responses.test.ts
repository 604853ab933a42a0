import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { InferResponseFrame } from '../../../../src/frontends/grpc/codec/infer-response.js';
import { errorFrame, responseFrame } from '../../../../src/frontends/grpc/codec/stream-response.js';
import type { WireMessage } from '../../../../src/frontends/grpc/transport.js';
import { InferenceError } from '../../../../src/inference/error.js';
import type { InferResponse } from '../../../../src/inference/response.js';
import { elementBytes, type Datatype } from '../../../../src/tensors/datatype.js';
import { decode, inferResponse, name, streamResponse, type Plain } from './schema.js';

const version = fc.oneof(fc.nat(), fc.constantFrom(1, 127, 128, 2 ** 31, Number.MAX_SAFE_INTEGER));

const tensor = fc.record({
  name,
  datatype: fc.constantFrom(...(Object.keys(elementBytes) as Datatype[])),
  shape: fc.array(fc.oneof(fc.nat(300), fc.maxSafeNat()), { maxLength: 6 }),
  data: fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.uint8Array({ minLength: 120, maxLength: 300 })),
});

const fields = fc.record({
  source: fc.constant(0).map(() => ({})),
  modelName: name,
  modelVersion: version,
  outputs: fc.array(tensor, { maxLength: 4 }),
});

/** A response that counts how often it was released. */
function responseOf(plain: Omit<InferResponse, 'release'>): {
  response: InferResponse;
  released: () => number;
} {
  let count = 0;
  return { response: { ...plain, release: () => count++ }, released: () => count };
}

/** Writes a message at an offset, and checks that nothing around it was touched. */
function written(message: WireMessage, offset: number): Buffer {
  const target = Buffer.alloc(message.byteLength + offset + 7, 0xa5);
  assert.equal(message.copy(target, offset), message.byteLength);
  const end = offset + message.byteLength;
  assert.ok(target.subarray(0, offset).every((byte) => byte === 0xa5));
  assert.ok(target.subarray(end).every((byte) => byte === 0xa5));
  return target.subarray(offset, end);
}

function expected({ modelName, modelVersion, outputs }: Omit<InferResponse, 'release'>, id: string): Plain {
  return {
    model_name: modelName,
    model_version: String(modelVersion),
    id,
    parameters: {},
    outputs: outputs.map(({ name, datatype, shape }) => ({
      name,
      datatype,
      shape: shape.map(String),
      parameters: {},
      contents: null,
    })),
    raw_output_contents: outputs.map(({ data }) => Buffer.from(data)),
  };
}

const final = { triton_final_response: { bool_param: true, parameter_choice: 'bool_param' } };

test('a response is read by protobufjs as it was meant, from any offset, and released once', () => {
  fc.assert(
    fc.property(fields, name, fc.nat(20), (plain, id, offset) => {
      const { response, released } = responseOf(plain);
      const frame = new InferResponseFrame(response, id);
      assert.equal(released(), 0);
      assert.deepEqual(decode(inferResponse, written(frame, offset)), expected(plain, id));
      assert.equal(released(), 1);
    }),
    { numRuns: 500 },
  );
});

test('a streamed response says that it is the last of its request', () => {
  fc.assert(
    fc.property(fields, name, fc.nat(20), (plain, id, offset) => {
      const { response, released } = responseOf(plain);
      const message = decode(streamResponse, written(responseFrame(response, id), offset));
      assert.equal(message.error_message, '');
      assert.deepEqual(message.infer_response, { ...expected(plain, id), parameters: final });
      assert.equal(released(), 1);
    }),
    { numRuns: 500 },
  );
});

test('an error in a stream carries its text and its id, and names the model if it had run', () => {
  const executed = fc.option(fc.record({ modelName: name, modelVersion: name }), { nil: undefined });
  const message = fc.oneof(name, fc.string({ minLength: 100, maxLength: 20_000 }));
  fc.assert(
    fc.property(message, name, executed, fc.nat(20), (text, id, model, offset) => {
      const frame = errorFrame({ message: text, id, ...(model === undefined ? {} : { executed: model }) });
      assert.deepEqual(decode(streamResponse, written(frame, offset)), {
        error_message: text,
        infer_response: {
          model_name: model?.modelName ?? '',
          model_version: model?.modelVersion ?? '',
          id,
          parameters: model === undefined ? {} : final,
          outputs: [],
          raw_output_contents: [],
        },
      });
    }),
    { numRuns: 500 },
  );
});

test('a response of more than 2^31 - 1 bytes is refused with its size', () => {
  // Only its length is looked at before it is refused.
  const data = { byteLength: 2 ** 31 } as Uint8Array;
  const { response } = responseOf({
    source: {},
    modelName: 'm',
    modelVersion: 1,
    outputs: [{ name: 'o', datatype: 'UINT8', shape: [2 ** 31], data }],
  });
  assert.throws(
    () => new InferResponseFrame(response, ''),
    (error: unknown) => {
      assert.ok(error instanceof InferenceError);
      assert.equal(error.code, 'invalid-argument');
      assert.match(
        error.message,
        /^Response has byte size 21474836\d\d which exceeds gRPC's byte size limit 2147483647\.$/,
      );
      return true;
    },
  );
});

test('answers of one version have the head of their own shapes, types and ids, whatever came before', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(tensor, { maxLength: 2 }), { minLength: 2, maxLength: 6 }),
      name,
      (all, id) => {
        const source = {};
        for (const outputs of all) {
          const plain = { modelName: 'm', modelVersion: 1, outputs };
          const [own, fresh] = [
            { source, ...plain },
            { source: {}, ...plain },
          ].map((response) => {
            const frame = new InferResponseFrame({ ...response, release() {} }, id);
            const bytes = Buffer.alloc(frame.byteLength);
            frame.copy(bytes, 0);
            return bytes;
          });
          assert.deepEqual(own, fresh);
        }
      },
    ),
    { numRuns: 50 },
  );
});
