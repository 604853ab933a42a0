import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { expectOk, inferenceMethod, methodOf, TestClient, type Outcome } from '../support/client.js';
import { startServer, testModels, type TestServer } from '../support/server.js';
import { contentsRows } from './malformed/contents-rows.js';
import { coreRows } from './malformed/core-rows.js';
import { dataRows } from './malformed/data-rows.js';
import { lookupRows } from './malformed/lookup-rows.js';
import { outputRows } from './malformed/output-rows.js';
import { parameterRows } from './malformed/parameter-rows.js';
import { expectHealthy, streamInfer, watchUncaught } from './malformed/probe.js';
import { batching, status, title, type Row } from './malformed/row.js';
import { shapeRows } from './malformed/shape-rows.js';
import { stringRows } from './malformed/string-rows.js';

const groups: Readonly<Record<string, readonly Row[]>> = {
  'models and versions': lookupRows,
  parameters: parameterRows,
  'input data': dataRows,
  'typed contents': contentsRows,
  'the check against the config': coreRows,
  'shapes and sizes': shapeRows,
  strings: stringRows,
  'outputs and runs': outputRows,
};
const rows = Object.values(groups).flat();
const inferRows = rows.filter(({ method }) => method === undefined);

let server: TestServer;
let client: TestClient;
const uncaught = watchUncaught();

before(async () => {
  server = await startServer({ repository: testModels });
  client = new TestClient(server.port);
});

after(async () => {
  client.close();
  await server.close();
});

function expectText(actual: string, text: string | RegExp = ''): void {
  if (typeof text === 'string') assert.equal(actual, text);
  else assert.match(actual, text);
}

function expectOutcome(outcome: Outcome, row: Row): void {
  if (row.code === 'OK') {
    expectOk(outcome);
    return;
  }
  assert.ok(outcome.kind === 'failed', 'the call must fail');
  expectText(outcome.details, row.text);
  assert.equal(outcome.code, status[row.code]);
}

test('every model of the test repository loads', () => {
  assert.deepEqual(
    server.lines.filter((line) => line.startsWith('E')),
    [],
  );
  assert.ok(server.complete);
});

for (const [name, group] of Object.entries(groups)) {
  describe(`bad requests: ${name}`, () => {
    for (const row of group) {
      test(title(row), async () => {
        expectOutcome(await client.call(inferenceMethod(row.method ?? 'ModelInfer'), row.request), row);
      });
    }

    test('a good request is answered afterwards', () => expectHealthy(client, server));
  });
}

describe('the same requests in a stream', () => {
  for (const row of inferRows) {
    test(title({ ...row, method: 'ModelStreamInfer' }), async () => {
      const good = batching({ id: 'after' });
      const { messages, code } = await streamInfer(client, [{ ...row.request, id: 'bad' }, good]);
      assert.equal(code, status.OK);
      assert.equal(messages.length, 2);
      expectStreamed(messages[0], row);
      assert.equal(messages[1].error_message, '');
      assert.equal(messages[1].infer_response.id, 'after');
    });
  }

  test('a good request is answered afterwards', () => expectHealthy(client, server));
});

/** The form of an error in a stream: section 4.8. Its id is `bad` whatever the row's own is. */
function expectStreamed(message: { error_message: string; infer_response: never }, row: Row): void {
  const { id, model_name, model_version, parameters, outputs } = message.infer_response;
  assert.equal(id, 'bad');
  if (row.code === 'OK') {
    assert.equal(message.error_message, '');
    assert.deepEqual(parameters, finalResponse);
    return;
  }
  const text =
    typeof row.text === 'string' ? row.text.replace(/\[request id: .*?\]/, '[request id: bad]') : row.text;
  expectText(message.error_message, text);
  assert.deepEqual(outputs, []);
  if (row.executed === true) {
    assert.equal(model_name, row.request.model_name);
    assert.equal(model_version, '');
    assert.deepEqual(parameters, finalResponse);
  } else {
    assert.equal(model_name, '');
    assert.equal(model_version, '');
    assert.deepEqual(parameters, {});
  }
}

const finalResponse = { triton_final_response: { bool_param: true, parameter_choice: 'bool_param' } };

describe('a stream that wants errors as its status (triton_grpc_error: true)', () => {
  const wanted = { triton_grpc_error: 'true' };
  const executed = inferRows.filter((row) => row.executed === true);

  for (const row of executed) {
    test(`${title(row)}, as the status of the stream`, async () => {
      const outcome = await streamInfer(client, [row.request, batching()], wanted);
      assert.equal(outcome.code, status[row.code]);
      expectText(outcome.details, row.text);
      assert.ok(outcome.messages.every(({ error_message }) => error_message === ''));
    });
  }

  test('4.8: errors found before the run stay in the stream, which goes on', async () => {
    const bad = inferRows.filter((row) => row.code !== 'OK' && row.executed !== true);
    const { messages, code } = await streamInfer(
      client,
      [...bad.map(({ request }) => request), batching()],
      wanted,
    );
    assert.equal(code, status.OK);
    assert.equal(messages.length, bad.length + 1);
    for (const [index, row] of bad.entries()) expectText(messages[index].error_message, row.text);
    assert.equal(messages.at(-1).error_message, '');
  });

  test('4.8: any other value of the key changes nothing', async () => {
    const [row] = executed;
    for (const value of ['True', 'false', '1']) {
      const { messages, code } = await streamInfer(client, [row!.request], { triton_grpc_error: value });
      assert.equal(code, status.OK);
      expectText(messages[0].error_message, row!.text);
    }
  });
});

test('3.2: the health check ignores the name of the service', async () => {
  for (const service of ['', 'nope', 'inference.GRPCInferenceService', '\0']) {
    const outcome = await client.call(methodOf('grpc.health.v1.Health', 'Check'), { service });
    assert.deepEqual(expectOk(outcome), { status: 'SERVING' });
  }
});

test('3.1 to 3.3: requests without fields take any unknown field', async () => {
  const unknown = Buffer.from([0x0a, 3, 1, 2, 3, 0xf8, 0x07, 1]);
  for (const name of ['ServerLive', 'ServerReady', 'ServerMetadata']) {
    expectOk(await client.callBytes(inferenceMethod(name), unknown));
  }
});

test('3.4: a model that is not there is not ready, which is no error', async () => {
  const method = inferenceMethod('ModelReady');
  for (const request of [{ name: 'nope' }, { name: 'fixed_fp32', version: '2' }, { name: '' }]) {
    assert.deepEqual(expectOk(await client.call(method, request)), { ready: false });
  }
});

test('there are more than 200 rows, and nothing went uncaught', () => {
  assert.ok(rows.length >= 200, `${rows.length} rows`);
  assert.equal(uncaught.count(), 0);
});
