import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { expectOk, inferenceMethod, TestClient } from '../../support/client.js';
import { ask, failure } from '../../support/rest.js';
import { startServer, testModels, type TestServer } from '../../support/server.js';

let server: TestServer;
before(async () => {
  server = await startServer({ repository: testModels });
});
after(() => server.close());

const none = '{"count":0,"ns":0}';
const ofRequests = ['success', 'fail', 'queue', 'compute_input', 'compute_infer', 'compute_output'];

test('a version that has done nothing has all keys, in their order', async () => {
  const durations = [...ofRequests, 'cache_hit', 'cache_miss'].map((name) => `"${name}":${none}`);
  assert.deepEqual(await ask(server.httpPort, '/v2/models/add_sub/stats'), {
    status: 200,
    type: 'application/json',
    body: `{"model_stats":[{"name":"add_sub","version":"1","last_inference":0,"inference_count":0,"execution_count":0,"inference_stats":{${durations.join(',')}},"response_stats":{},"batch_stats":[],"memory_usage":[]}]}`,
  });
});

test('sums of more nanoseconds than a double holds are told exactly, and as gRPC tells them', async () => {
  const { statistics } = server.server.pick('identity_fp32', '');
  const daysUs = 100 * 24 * 3600 * 1e6;
  const run = { startUs: 3, inputEndUs: 3.5, inferEndUs: daysUs + 3.5, endUs: daysUs + 3.501 };
  for (const rows of [8, 1, 8]) statistics.recordRun(rows, run);
  for (let i = 0; i < 3; i++) statistics.recordSuccess({ rows: 4, startUs: 1, enqueuedUs: 2 }, run);
  statistics.recordFailure('backend', 5);
  const { body } = await ask(server.httpPort, '/v2/models/identity_fp32/versions/1/stats');
  assert.ok(body.includes(`"compute_infer":{"count":3,"ns":${BigInt(daysUs) * 3000n}}`), body);
  const client = new TestClient(server.port);
  const byGrpc = await client.call(inferenceMethod('ModelStatistics'), {
    name: 'identity_fp32',
    version: '',
  });
  client.close();
  // Every number of HTTP is a text of gRPC's.
  const asTexts = JSON.parse(body.replaceAll(/:(\d+)/g, ':"$1"'));
  assert.deepEqual(asTexts, expectOk(byGrpc));
});

test('all models are asked for by no name', async () => {
  const { model_stats: all } = JSON.parse((await ask(server.httpPort, '/v2/models/stats')).body);
  assert.deepEqual(
    all.map(({ name, version }: { name: string; version: string }) => `${name}:${version}`),
    server.server.statistics('', '').map(({ name, version }) => `${name}:${version}`),
  );
});

const refused: readonly [path: string, message: string][] = [
  ['/v2/models/nobody/stats', "requested model 'nobody' is not available"],
  ['/v2/models/add_sub/versions/9/stats', "requested model version is not available for model 'add_sub'"],
  [
    '/v2/models/add_sub/versions/99999999999999999999/stats',
    "failed to get model version from specified version string '99999999999999999999' (details: stol), version should be an integral value > 0",
  ],
];

for (const [path, message] of refused) {
  test(`${path} is refused`, async () => {
    assert.deepEqual(await ask(server.httpPort, path), failure(400, message));
  });
}

test('statistics are asked for and not posted', async () => {
  for (const path of ['/v2/models/stats', '/v2/models/add_sub/stats']) {
    assert.deepEqual(await ask(server.httpPort, path, { body: '{}' }), failure(405, 'Method Not Allowed'));
  }
});
