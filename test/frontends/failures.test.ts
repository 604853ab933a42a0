import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import type { Failure } from '../../src/server/failure-log.js';
import { createHeaderForwarder } from '../../src/server/forwarded-headers.js';
import { inferenceMethod, TestClient, type AnyMessage } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { ask } from '../support/rest.js';
import { startServer, testModels, type TestServer } from '../support/server.js';
import { TestStream } from '../support/stream.js';

let server: TestServer;
let client: TestClient;
let failures: Failure[] = [];
/** Parameters of the requests that reached a model. */
let parameters: object[] = [];

before(async () => {
  const onFailure = (failure: Failure): void => void failures.push(failure);
  server = await startServer({
    repository: testModels,
    transport: { onFailure, forwarder: await createHeaderForwarder('^x-|triton_other') },
    http: { onFailure },
  });
  client = new TestClient(server.port);
  const infer = server.server.infer.bind(server.server);
  server.server.infer = (model, request) => {
    parameters.push(Object.fromEntries(request.parameters));
    return infer(model, request);
  };
});
after(async () => {
  client.close();
  await server.close();
});
beforeEach(() => {
  failures = [];
  parameters = [];
});

/** What is said of the only failure, without what differs from run to run. */
function told(): object {
  assert.equal(failures.length, 1, JSON.stringify(failures));
  const { peer = '', durationUs, ...rest } = failures[0] ?? ({} as Partial<Failure>);
  assert.match(peer, /^127\.0\.0\.1:\d+$/);
  assert.ok(durationUs === undefined || (durationUs > 0 && durationUs < 60e6));
  return { ...rest, timed: durationUs !== undefined };
}

function indexed(index: number, more: object = {}): AnyMessage {
  return {
    model_name: 'fails_at_run',
    inputs: [{ name: 'INDEX', datatype: 'INT64', shape: [1] }],
    raw_input_contents: [Buffer.from(BigInt64Array.of(BigInt(index)).buffer)],
    ...more,
  };
}

const path = '/inference.GRPCInferenceService';

test('requests that succeed are not told of', async () => {
  await client.infer(indexed(1));
  await client.call(inferenceMethod('ServerLive'), {});
  await ask(server.httpPort, '/v2/health/ready');
  await ask(server.httpPort, '/v2/models/fails_at_run/generate', { body: '{"INDEX": 1}' });
  await ask(server.httpPort, '/v2/models/fails_at_run/generate_stream', { body: '{"INDEX": 1}' });
  assert.deepEqual(failures, []);
});

test('a call of gRPC that fails is told of with its model, from where and for how long', async () => {
  await client.infer({ model_name: 'nobody' });
  assert.deepEqual(told(), {
    protocol: 'gRPC',
    method: `${path}/ModelInfer`,
    model: 'nobody',
    status: 'NOT_FOUND',
    message: "Request for unknown model: 'nobody' is not found",
    ours: false,
    timed: false,
  });
  failures = [];
  const failed = await client.infer(indexed(9));
  assert.ok(failed.kind === 'failed');
  assert.deepEqual(told(), {
    protocol: 'gRPC',
    method: `${path}/ModelInfer`,
    model: 'fails_at_run',
    status: 'INTERNAL',
    message: failed.details,
    ours: true,
    timed: true,
  });
  failures = [];
  await client.call(inferenceMethod('ModelStatistics'), { name: 'nobody' });
  assert.equal(failures[0]?.status, 'INVALID_ARGUMENT');
  assert.equal(failures[0]?.method, `${path}/ModelStatistics`);
});

test('a call that its client gives up is not told of', async () => {
  const slow = {
    model_name: 'slow',
    inputs: [{ name: 'ITERATIONS', datatype: 'INT64', shape: [1] }],
    raw_input_contents: [Buffer.from(BigInt64Array.of(20_000n).buffer)],
  };
  const method = inferenceMethod('ModelInfer');
  const call = client.open(method, method.requestSerialize(slow));
  await eventually(() => server.server.inFlight().some(({ count }) => count > 0), 'it runs');
  call.cancel();
  await call.outcome;
  await eventually(() => server.server.inFlight().every(({ count }) => count === 0), 'it has run');
  assert.deepEqual(failures, []);
});

test('a request that fails in a stream is told of, and a stream that fails once', async () => {
  const method = inferenceMethod('ModelStreamInfer');
  const stream = new TestStream(client, method);
  stream.send(indexed(9), { model_name: 'nobody' }, indexed(1));
  stream.call.end();
  assert.equal((await stream.status).code, 0);
  assert.deepEqual(failures.map(({ status, model, method }) => `${status} ${model} ${method}`).toSorted(), [
    `INTERNAL fails_at_run ${path}/ModelStreamInfer`,
    `NOT_FOUND nobody ${path}/ModelStreamInfer`,
  ]);
  failures = [];
  const whole = new TestStream(client, method, { triton_grpc_error: 'true' });
  whole.send(indexed(9));
  assert.equal((await whole.status).code, 13);
  assert.equal(failures.length, 1);
});

test('metadata that matches reaches the model as parameters, by unary calls and by streams', async () => {
  const metadata = { 'x-user': 'u1', other: 'o' };
  await client.infer(indexed(1, { parameters: { own: { int64_param: '5' } } }), { metadata });
  const stream = new TestStream(client, inferenceMethod('ModelStreamInfer'), metadata);
  stream.send(indexed(1), indexed(2));
  stream.call.end();
  await stream.status;
  assert.deepEqual(parameters, [{ own: 5n, 'x-user': 'u1' }, { 'x-user': 'u1' }, { 'x-user': 'u1' }]);
  const refused = await client.infer(indexed(1), { metadata: { triton_other: 'true' } });
  assert.deepEqual(refused, {
    kind: 'failed',
    code: 3,
    details: "Header 'triton_other' is reserved for Triton usage and cannot be forwarded.",
  });
});

const overHttp: readonly [what: string, asking: () => Promise<unknown>, expected: object][] = [
  [
    'an unknown model',
    () => ask(server.httpPort, '/v2/models/nobody?token=secret'),
    {
      method: 'GET /v2/models/nobody',
      model: 'nobody',
      status: '404',
      message: "Request for unknown model: 'nobody' is not found",
      ours: false,
      timed: true,
    },
  ],
  [
    'an unknown path',
    () => ask(server.httpPort, '/nothing'),
    { method: 'GET /nothing', model: '', status: '404', message: 'Not Found', ours: false, timed: false },
  ],
  [
    'a run that fails',
    () => ask(server.httpPort, '/v2/models/fails_at_run/generate', { body: '{"INDEX": 9}' }),
    {
      method: 'POST /v2/models/fails_at_run/generate',
      model: 'fails_at_run',
      status: '500',
      ours: true,
      timed: true,
    },
  ],
  [
    'a run that fails as an event',
    () => ask(server.httpPort, '/v2/models/fails_at_run/generate_stream', { body: '{"INDEX": 9}' }),
    {
      method: 'POST /v2/models/fails_at_run/generate_stream',
      model: 'fails_at_run',
      status: '500',
      ours: true,
      timed: true,
    },
  ],
];

for (const [what, asking, expected] of overHttp) {
  test(`HTTP tells of ${what}`, async () => {
    await asking();
    const { message, ...rest } = { message: '', ...told() };
    assert.deepEqual({ message, ...rest }, { protocol: 'HTTP', message, ...expected });
  });
}

test('HTTP does not tell of a client that is gone', async () => {
  const socket = connect(server.httpPort, '127.0.0.1');
  socket.write('POST /v2/models/fails_at_run/generate HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{');
  await eventually(() => server.httpFrontEnd.busyCount === 1, 'it is there');
  socket.destroy();
  await once(socket, 'close');
  await eventually(() => server.httpFrontEnd.busyCount === 0, 'it is gone');
  assert.deepEqual(failures, []);
});
