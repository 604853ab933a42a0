import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { after, before, test } from 'node:test';
import {
  expectOk,
  inferenceMethod,
  TestClient,
  type AnyMessage,
  type Outcome,
} from '../../support/client.js';
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

function ask(name: string, version = ''): Promise<Outcome> {
  return client.call(inferenceMethod('ModelStatistics'), { name, version });
}

const none = { count: '0', ns: '0' };
const durations = [
  'success',
  'fail',
  'queue',
  'compute_input',
  'compute_infer',
  'compute_output',
  'cache_hit',
  'cache_miss',
];

test('a version that has done nothing has all eight durations, of zero, and empty lists', async () => {
  assert.deepEqual(expectOk(await ask('add_sub')), {
    model_stats: [
      {
        name: 'add_sub',
        version: '1',
        last_inference: '0',
        inference_count: '0',
        execution_count: '0',
        inference_stats: Object.fromEntries(durations.map((name) => [name, none])),
        batch_stats: [],
        memory_usage: [],
        response_stats: {},
      },
    ],
  });
});

test('what was recorded is told to the nanosecond, batches by ascending size', async () => {
  const wallMs = Date.now();
  const { statistics } = server.server.pick('identity_fp32', '');
  const daysUs = 100 * 24 * 3600 * 1e6;
  const run = { startUs: 3, inputEndUs: 3.5, inferEndUs: daysUs + 3.5, endUs: daysUs + 3.501 };
  for (const rows of [8, 1, 2, 8]) statistics.recordRun(rows, run);
  for (let number = 0; number < 3; number++) {
    statistics.recordSuccess({ rows: 4, startUs: 1, enqueuedUs: 2 }, run);
  }
  statistics.recordFailure('backend', 5);
  statistics.recordFailure('rejected', 6.25);
  const [{ last_inference, ...told }] = expectOk(await ask('identity_fp32', '1')).model_stats;
  const inferNs = BigInt(daysUs) * 1000n;
  const compute = (count: bigint): AnyMessage => ({
    compute_input: { count: String(count), ns: String(count * 500n) },
    compute_infer: { count: String(count), ns: String(count * inferNs) },
    compute_output: { count: String(count), ns: String(count) },
  });
  assert.deepEqual(told, {
    name: 'identity_fp32',
    version: '1',
    inference_count: '12',
    execution_count: '4',
    inference_stats: {
      success: { count: '3', ns: String(3n * (inferNs + 2501n)) },
      fail: { count: '2', ns: '11250' },
      queue: { count: '3', ns: '3000' },
      ...compute(3n),
      cache_hit: none,
      cache_miss: none,
    },
    batch_stats: [
      { batch_size: '1', ...compute(1n) },
      { batch_size: '2', ...compute(1n) },
      { batch_size: '8', ...compute(2n) },
    ],
    memory_usage: [],
    response_stats: {},
  });
  assert.ok(Number(last_inference) >= wallMs && Number(last_inference) <= Date.now());
});

test('an empty name asks for all ready versions, by name and version, whatever version is given', async () => {
  const models = (await server.server.index('', true)).map(({ name, version }) => `${name}:${version}`);
  for (const version of ['', '7']) {
    const { model_stats } = expectOk(await ask('', version));
    assert.deepEqual(
      model_stats.map((one: AnyMessage) => `${one.name}:${one.version}`),
      models,
    );
  }
  assert.ok(models.length > 20);
});

test('a name asks for its ready versions, a name with a version for that one', async () => {
  const versions = async (version: string): Promise<unknown> =>
    expectOk(await ask('versions_all', version)).model_stats.map((one: AnyMessage) => one.version);
  assert.deepEqual(await versions(''), ['1', '2', '3']);
  assert.deepEqual(await versions('2'), ['2']);
});

const refusals: readonly (readonly [name: string, version: string, details: string])[] = [
  ['none', '', "requested model 'none' is not available"],
  ['none', '1', "requested model 'none' is not available"],
  ['versions_specific', '2', "requested model version is not available for model 'versions_specific'"],
  ['add_sub', '0', "requested model version is not available for model 'add_sub'"],
  ['add_sub', '-1', "invalid model version specified '-1' , version should be an integral value > 0"],
  [
    'none',
    'x',
    "failed to get model version from specified version string 'x' (details: stol), version should be an integral value > 0",
  ],
];

for (const [name, version, details] of refusals) {
  test(`statistics of '${name}' version '${version}' are refused`, async () => {
    assert.deepEqual(await ask(name, version), { kind: 'failed', code: status.INVALID_ARGUMENT, details });
  });
}

test('a server that leaves tells no statistics', async () => {
  const leaving = await startServer({ repository: testModels });
  leaving.server.beginExit();
  const last = new TestClient(leaving.port);
  assert.deepEqual(await last.call(inferenceMethod('ModelStatistics'), { name: '' }), {
    kind: 'failed',
    code: status.UNAVAILABLE,
    details: 'Server not ready',
  });
  last.close();
  await leaving.close();
});
