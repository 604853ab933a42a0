import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { inferenceMethod, TestClient, type AnyMessage } from '../../support/client.js';
import { startServer, testModels, type TestServer } from '../../support/server.js';
import { TestStream } from '../../support/stream.js';
import { frame, RawClient } from './transports/raw-client.js';
import { eventually, turns } from './transports/rig.js';

let server: TestServer;
let client: TestClient;

beforeEach(async () => {
  server = await startServer({ repository: testModels, server: { strictReadiness: false } });
  client = new TestClient(server.port);
});

afterEach(async () => {
  client.close();
  await server.close();
});

function inferStream(metadata = {}): TestStream {
  return new TestStream(client, inferenceMethod('ModelStreamInfer'), metadata);
}

function int64Request(
  model: string,
  input: string,
  { id, value }: { id: string; value: number },
): AnyMessage {
  return {
    model_name: model,
    id,
    inputs: [{ name: input, datatype: 'INT64', shape: [1] }],
    raw_input_contents: [Buffer.from(BigInt64Array.of(BigInt(value)).buffer)],
  };
}

const slow = (model: string, id: string, value: number) => int64Request(model, 'ITERATIONS', { id, value });

function fast(id: string): AnyMessage {
  return {
    model_name: 'identity_fp32',
    id,
    inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [1, 1] }],
    raw_input_contents: [Buffer.from(Float32Array.of(1).buffer)],
  };
}

function inFlight(name: string): number {
  return server.server.inFlight().find(({ model }) => model === name)?.count ?? 0;
}

const stoppedText = 'GRPC server is shutting down and has stopped accepting new requests.';

test('answers come in the order of their requests, however long each takes', async () => {
  const stream = inferStream();
  const requests = [
    slow('slow_pair', 'slow first', 20_000),
    slow('slow_pair', 'fast beside it', 1),
    ...Array.from({ length: 30 }, (_, i) => fast(`fast ${i}`)),
    { model_name: 'missing', id: 'refused at once' },
    slow('slow_pair', 'slow again', 10_000),
    ...Array.from({ length: 30 }, (_, i) => fast(`more ${i}`)),
  ];
  stream.send(...requests);
  stream.call.end();
  assert.equal((await stream.status).code, 0);
  assert.deepEqual(
    stream.ids,
    requests.map(({ id }) => id),
  );
  for (const { error_message: error, infer_response: response } of stream.messages) {
    if (response.id === 'refused at once') {
      assert.match(error, /missing/);
      assert.deepEqual([response.model_name, response.parameters], ['', {}]);
    } else {
      assert.equal(error, '');
      assert.equal(response.parameters.triton_final_response.bool_param, true);
    }
  }
});

test('a request that fails as it runs names its model, and the stream goes on', async () => {
  const stream = inferStream();
  stream.send(int64Request('fails_at_run', 'INDEX', { id: 'bad', value: 99 }), fast('after'));
  stream.call.end();
  assert.equal((await stream.status).code, 0);
  const [bad, after] = stream.messages;
  assert.notEqual(bad.error_message, '');
  assert.deepEqual(
    [bad.infer_response.id, bad.infer_response.model_name, bad.infer_response.model_version],
    ['bad', 'fails_at_run', ''],
  );
  assert.equal(bad.infer_response.parameters.triton_final_response.bool_param, true);
  assert.deepEqual([after.error_message, after.infer_response.id], ['', 'after']);
});

test('with triton_grpc_error the first failed run ends the stream with its status', async () => {
  const stream = inferStream({ triton_grpc_error: 'true' });
  stream.send({ model_name: 'missing', id: 'refused' });
  await eventually(() => stream.messages.length === 1, 'the refusal');
  stream.send(
    int64Request('fails_at_run', 'INDEX', { id: 'bad', value: 99 }),
    slow('slow', 'never answered', 200_000),
  );
  const { code, details } = await stream.status;
  assert.notEqual(code, 0);
  assert.notEqual(details, '');
  assert.deepEqual(stream.ids, ['refused']);
});

test('requests behind a slow one are read only as far as there is room, and all are answered', async () => {
  let started = 0;
  const infer = server.server.infer.bind(server.server);
  server.server.infer = (...given) => {
    started++;
    return infer(...given);
  };
  const count = 3000;
  const stream = inferStream();
  stream.send(slow('slow', 'first', 300_000), ...Array.from({ length: count }, (_, i) => fast(String(i))));
  await eventually(() => started >= 1000, 'the stream is full');
  await turns(50);
  assert.ok(started <= 1024 + 16, `${started} requests were read`);
  stream.call.end();
  assert.equal((await stream.status).code, 0);
  assert.equal(stream.messages.length, count + 1);
});

test('a client that does not read is asked to wait, and gets everything once it reads', async () => {
  let started = 0;
  const infer = server.server.infer.bind(server.server);
  server.server.infer = (...given) => {
    started++;
    return infer(...given);
  };
  // The client of grpc-js reads ahead without a bound.
  const raw = new RawClient(server.port);
  const { path, requestSerialize, responseDeserialize } = inferenceMethod('ModelStreamInfer');
  const call = raw.open(path, { read: false });
  let sent = 0;
  for (let batch = 0; batch < 10; batch++) {
    for (let i = 0; i < 20; i++) {
      const request = int64Request('big_out', 'N', { id: String(sent++), value: 128 * 1024 });
      call.stream.write(frame(requestSerialize(request)));
    }
    await quiet(() => started);
    await eventually(() => inFlight('big_out') === 0, 'what was read has been answered');
  }
  assert.ok(started < sent / 2, `${started} of ${sent} requests were read from a client that does not read`);
  call.read();
  call.stream.end();
  await call.closed;
  assert.equal(call.status, 0);
  assert.equal(started, sent);
  assert.deepEqual(
    call.messages.map(({ bytes }) => responseDeserialize(bytes).infer_response.id),
    Array.from({ length: sent }, (_, i) => String(i)),
  );
  raw.close();
});

test('when the client leaves, what waits is cancelled and reaches no thread', async () => {
  const stream = inferStream();
  const long = 100_000;
  for (let i = 0; i < 40; i++) stream.send(slow('slow', String(i), long));
  await eventually(() => inFlight('slow') === 40, 'one runs and the others wait');
  stream.call.cancel();
  await eventually(() => inFlight('slow') <= 1, 'those that waited are gone');
  // The one that runs is run to its end: nothing else has had the thread before.
  assert.equal(inFlight('slow'), 1);
  await eventually(() => inFlight('slow') === 0, 'the last run has ended');
  await eventually(() => server.frontEnd.callCount === 0, 'the stream has ended');
  assert.deepEqual(stream.messages, []);
});

test('during a drain a stream gets its answers, and new requests are refused in it', async () => {
  const stream = inferStream();
  stream.send(slow('slow', 'before', 20_000));
  await eventually(() => inFlight('slow') === 1, 'the request runs');
  const drain = server.frontEnd.drain();
  stream.send(fast('during'));
  await eventually(() => stream.messages.length === 2, 'both answers');
  assert.deepEqual(stream.ids, ['before', 'during']);
  assert.deepEqual(
    stream.messages.map(({ error_message: error }) => error),
    ['', stoppedText],
  );
  const { model_name: model, parameters, outputs } = stream.messages[1].infer_response;
  assert.deepEqual({ model, parameters, outputs }, { model: '', parameters: {}, outputs: [] });
  stream.call.end();
  assert.equal((await stream.status).code, 0);
  await drain;
  assert.equal(server.frontEnd.callCount, 0);
});

/** Waits until a number no longer grows. */
async function quiet(read: () => number): Promise<void> {
  let last = -1;
  for (let still = 0; still < 300;) {
    await turns(5);
    const now = read();
    still = now === last ? still + 1 : 0;
    last = now;
  }
}
