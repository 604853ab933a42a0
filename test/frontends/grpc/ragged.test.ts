import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { expectOk, inferenceMethod, TestClient } from '../../support/client.js';
import { startServer, testModels, type TestServer } from '../../support/server.js';

let server: TestServer;
let client: TestClient;

before(async () => {
  server = await startServer({ repository: testModels });
  client = new TestClient(server.port);
});

after(async () => {
  client.close();
  await server.close();
});

const numbers = Buffer.from(Float32Array.of(1, 2, 3).buffer);
const scale = Buffer.from(Float32Array.of(2).buffer);
const inputs = [
  { name: 'INPUT0', datatype: 'FP32', shape: [1, 3] },
  { name: 'SCALE', datatype: 'FP32', shape: [1, 1] },
];

test('a model with batch inputs is asked without them, and answers', async () => {
  const raw = [numbers, scale];
  const response = expectOk(
    await client.infer({ model_name: 'ragged_sums', inputs, raw_input_contents: raw }),
  );
  assert.deepEqual(response.outputs[0].shape, ['1', '1']);
  assert.deepEqual(response.raw_output_contents, [Buffer.from(Float32Array.of(12).buffer)]);
});

test('a scattered output comes back in the shape of its input', async () => {
  const ragged = { name: 'INPUT0', datatype: 'FP32', shape: [1, 1, 3] };
  const response = expectOk(
    await client.infer({
      model_name: 'batch_inputs',
      inputs: [ragged],
      outputs: [{ name: 'OUTPUT0' }],
      raw_input_contents: [numbers],
    }),
  );
  assert.deepEqual(response.outputs[0].shape, ['1', '1', '3']);
  assert.deepEqual(response.raw_output_contents, [numbers]);
});

test('a batch input is none that a client may send', async () => {
  const bounds = { name: 'BOUNDS', datatype: 'INT32', shape: [1, 1] };
  const two = [inputs[0], bounds];
  assert.deepEqual(
    await client.infer({ model_name: 'ragged_sums', inputs: two, raw_input_contents: [numbers, scale] }),
    { kind: 'failed', code: 3, details: "unexpected inference input 'BOUNDS' for model 'ragged_sums'" },
  );
});

test('metadata lists what clients send; the config tells the rest', async () => {
  const ask = { name: 'ragged_sums' };
  const metadata = expectOk(await client.call(inferenceMethod('ModelMetadata'), ask));
  assert.deepEqual(
    metadata.inputs.map(({ name, shape }: { name: string; shape: string[] }) => [name, shape]),
    [
      ['INPUT0', ['-1', '-1']],
      ['SCALE', ['-1', '1']],
    ],
  );
  const { config } = expectOk(await client.call(inferenceMethod('ModelConfig'), ask));
  assert.equal(config.input[0].allow_ragged_batch, true);
  assert.deepEqual(config.batch_input, [
    {
      kind: 'BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO',
      target_name: ['BOUNDS'],
      data_type: 'TYPE_INT32',
      source_input: ['INPUT0'],
    },
  ]);
  const cut = expectOk(await client.call(inferenceMethod('ModelConfig'), { name: 'batch_inputs' }));
  assert.deepEqual(cut.config.batch_output, [
    { target_name: ['OUTPUT0'], kind: 'BATCH_SCATTER_WITH_INPUT_SHAPE', source_input: ['INPUT0'] },
  ]);
});
