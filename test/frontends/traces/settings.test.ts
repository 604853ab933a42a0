import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { inferenceMethod, TestClient, type AnyMessage, type Outcome } from '../../support/client.js';
import { sampleModels, startServer, type TestServer } from '../../support/server.js';

let server: TestServer;
let client: TestClient;

before(async () => {
  server = await startServer({ repository: sampleModels, traces: { file: 'never-written.json' } });
  client = new TestClient(server.port);
});

after(async () => {
  client.close();
  await server.close();
});

beforeEach(() => {
  const cleared = { level: null, rate: null, count: null, logFrequency: null };
  for (const model of ['identity_fp32', '']) server.server.traceSettings(model, cleared);
});

/** By gRPC; texts stand for lists of one. */
async function set(
  model: string,
  settings: Readonly<Record<string, readonly string[]>> = {},
): Promise<Outcome> {
  const named = Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, { value }]));
  return client.call(inferenceMethod('TraceSetting'), { settings: named, model_name: model });
}

async function ask(path: string, body?: unknown): Promise<[number, AnyMessage]> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`http://127.0.0.1:${server.httpPort}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    ...(body === undefined ? {} : { body: text }),
  });
  assert.equal(response.headers.get('content-type'), 'application/json');
  return [response.status, await response.json()];
}

const defaults = {
  trace_level: ['OFF'],
  trace_rate: '1000',
  trace_count: '-1',
  log_frequency: '0',
  trace_file: 'never-written.json',
  trace_mode: 'triton',
};

test('both protocols answer the whole setting of a scope, and see what the other has set', async () => {
  assert.deepEqual(await ask('/v2/trace/setting'), [200, defaults]);
  const changed = await set('', { trace_rate: ['7'] });
  assert.ok(changed.kind === 'ok');
  assert.deepEqual(changed.response.settings.trace_rate, { value: ['7'] });
  assert.deepEqual(changed.response.settings.trace_mode, { value: ['triton'] });
  assert.deepEqual(Object.keys(changed.response.settings).toSorted(), Object.keys(defaults).toSorted());
  const own = { trace_level: ['TIMESTAMPS', 'TENSORS'], trace_count: '3' };
  assert.deepEqual(await ask('/v2/models/identity_fp32/trace/setting', own), [
    200,
    { ...defaults, trace_rate: '7', ...own },
  ]);
  assert.deepEqual(await ask('/v2/models/mlp/trace/setting'), [200, { ...defaults, trace_rate: '7' }]);
  assert.deepEqual(
    await ask('/v2/models/identity_fp32/trace/setting', { trace_level: null, trace_count: null }),
    [200, { ...defaults, trace_rate: '7' }],
  );
  assert.deepEqual(await ask('/v2/trace/setting', { trace_rate: null, trace_mode: 'x' }), [200, defaults]);
});

test('a number in JSON is taken for its text', async () => {
  assert.deepEqual(await ask('/v2/trace/setting', { trace_rate: 12 }), [
    200,
    { ...defaults, trace_rate: '12' },
  ]);
});

const unknown = 'Request for unknown model : nobody';

test('a model that is unknown is told, where Triton may answer with nothing', async () => {
  assert.deepEqual(await set('nobody'), { kind: 'failed', code: 3, details: unknown });
  assert.deepEqual(await set('nobody', { trace_rate: ['1'] }), { kind: 'failed', code: 3, details: unknown });
  assert.deepEqual(await ask('/v2/models/nobody/trace/setting'), [400, { error: unknown }]);
});

const malformed: [string | object, number, string][] = [
  ['', 500, 'failed to parse the request JSON buffer: The document is empty. at 0'],
  ['[]', 500, 'attempt to get members for non-object'],
  [{ trace_level: 'OFF' }, 500, 'attempt to access JSON non-array as array'],
  [{ trace_level: [true] }, 500, 'attempt to access JSON non-string as string'],
  [{ trace_rate: ['1'] }, 500, 'attempt to access JSON non-string as string'],
  [{ trace_count: '-2' }, 400, "Unable to parse 'trace_count'. Expecting value >= -1, got:-2"],
  [{ trace_file: 'x' }, 501, 'trace file location can not be updated through network protocol'],
  [
    { trace_rate: '0', trace_level: ['TIMESTAMPS'] },
    400,
    'Attempting to set invalid trace setting :sample rate must be non-zero',
  ],
];

for (const [body, status, error] of malformed) {
  test(`HTTP refuses ${JSON.stringify(body)} and changes nothing`, async () => {
    assert.deepEqual(await ask('/v2/trace/setting', body), [status, { error }]);
    assert.deepEqual(await ask('/v2/trace/setting'), [200, defaults]);
  });
}

test('a body that is no JSON is told as Triton tells it', async () => {
  const [status, { error }] = await ask('/v2/trace/setting', '{"trace_rate": ');
  assert.equal(status, 500);
  assert.match(error, /^failed to parse the request JSON buffer: /);
});

test('gRPC answers with the codes of the texts', async () => {
  assert.deepEqual(await set('', { trace_count: ['-2'] }), {
    kind: 'failed',
    code: 3,
    details: "Unable to parse 'trace_count'. Expecting value >= -1, got: -2",
  });
  const refused = await set('', { trace_file: ['x'] });
  assert.ok(refused.kind === 'failed' && refused.code === 12);
});
