import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as fc from 'fast-check';
import { inferenceMethod, TestClient, type AnyMessage } from '../support/client.js';
import { startServer, testModels, type TestServer } from '../support/server.js';
import { expectHealthy, watchUncaught } from './malformed/probe.js';
import { batching, fp32, infer, input, nonBatching, status, strings } from './malformed/row.js';

let server: TestServer;
let client: TestClient;
const uncaught = watchUncaught();
const method = inferenceMethod('ModelInfer');

before(async () => {
  server = await startServer({ repository: testModels });
  client = new TestClient(server.port);
});

after(async () => {
  client.close();
  await server.close();
});

const pair: AnyMessage = {
  model_name: 'add_sub',
  inputs: ['INPUT0', 'INPUT1'].map((name) => ({ name, datatype: 'FP32', shape: [2, 4] })),
  raw_input_contents: [fp32(1, 2, 3, 4, 5, 6, 7, 8), fp32(1, 2, 3, 4, 5, 6, 7, 8)],
};

/** Valid requests of all forms: raw and typed, numbers and strings, with and without batches. */
const seeds: readonly Buffer[] = [
  batching({ id: 'x', parameters: { timeout: { int64_param: 7 }, note: { string_param: 'n' } } }),
  nonBatching({
    model_version: '1',
    outputs: [{ name: 'OUTPUT0', parameters: { classification: { int64_param: 1 } } }],
  }),
  pair,
  infer('identity_bytes', [input('BYTES', [1, 2])], [strings('a', 'béta')]),
  { model_name: 'identity_int8', inputs: [input('INT8', [1, 2], { contents: { int_contents: [1, -1] } })] },
  {
    model_name: 'identity_bytes',
    inputs: [input('BYTES', [1, 1], { contents: { bytes_contents: [Buffer.from('a')] } })],
  },
].map((request) => method.requestSerialize(request));

/** One change of the bytes; `at` counts from the start, round and round. */
type Mutation = {
  readonly kind: 'set' | 'flip' | 'insert' | 'remove' | 'repeat' | 'cut';
  readonly at: number;
  readonly value: number;
};

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('set', 'flip', 'insert', 'remove', 'repeat', 'cut'),
  at: fc.nat(1000),
  value: fc.nat(255),
});

function mutate(bytes: Buffer, { kind, at, value }: Mutation): Buffer {
  const place = bytes.byteLength === 0 ? 0 : at % bytes.byteLength;
  const head = bytes.subarray(0, place);
  const tail = bytes.subarray(place);
  switch (kind) {
    case 'set':
      return Buffer.concat([head, Buffer.from([value]), tail.subarray(1)]);
    case 'flip':
      return Buffer.concat([head, Buffer.from([(tail[0] ?? 0) ^ (1 << (value % 8))]), tail.subarray(1)]);
    case 'insert':
      return Buffer.concat([head, Buffer.from([value]), tail]);
    case 'remove':
      return Buffer.concat([head, tail.subarray(1 + (value % 8))]);
    case 'repeat':
      return Buffer.concat([head, tail.subarray(0, value), tail]);
    case 'cut':
      return head;
  }
}

const mutated = fc
  .tuple(fc.constantFrom(...seeds), fc.array(mutation, { minLength: 1, maxLength: 4 }))
  .map(([seed, mutations]) => mutations.reduce(mutate, seed));

const allowed = new Set<number>([
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.UNAVAILABLE,
  status.UNIMPLEMENTED,
]);

test('a mutated request gets an answer or an error of its own kind, and the server goes on', async () => {
  await fc.assert(
    fc.asyncProperty(mutated, async (bytes) => {
      const outcome = await client.callBytes(method, bytes, { deadline: Date.now() + 20_000 });
      if (outcome.kind === 'ok' || allowed.has(outcome.code)) return;
      assert.deepEqual(outcome, {
        kind: 'failed',
        code: status.INTERNAL,
        details: 'Unable to parse request',
      });
    }),
    { numRuns: 2000, seed: 20_260_101 },
  );
  await expectHealthy(client, server);
  assert.equal(uncaught.count(), 0);
});
