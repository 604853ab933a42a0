import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../../support/eventually.js';
import { ask, failure, type Asking, type Told } from '../../support/rest.js';
import { startServer, testModels, type TestServer } from '../../support/server.js';

let server: TestServer;
before(async () => {
  server = await startServer({ repository: testModels, http: { inputBytesMax: 4000 } });
});
after(() => server.close());

function generate(model: string, body: string, asking: Asking = {}): Promise<Told> {
  return ask(server.httpPort, `/v2/models/${model}/generate`, { body, ...asking });
}

function stream(model: string, body: string, asking: Asking = {}): Promise<Told> {
  return ask(server.httpPort, `/v2/models/${model}/generate_stream`, { body, ...asking });
}

/** What a request answers, beside the names that every answer has. */
const answers: readonly [what: string, model: string, body: string, answer: string][] = [
  [
    'inputs by name, outputs by name, in the order of their bytes',
    'add_sub',
    '{"INPUT1": [1, 1, 1, 1.5], "INPUT0": [1, 2, 3, 4]}',
    '"OUTPUT0":[2.0,3.0,4.0,5.5],"OUTPUT1":[0.0,1.0,2.0,2.5],"model_name":"add_sub","model_version":"1"',
  ],
  [
    'inputs in parameters count as if they stood beside it',
    'add_sub',
    '{"INPUT1": [1, 1, 1, 1], "parameters": {"INPUT0": [1, 2, 3, 4], "own": 3, "flag": true}}',
    '"OUTPUT0":[2.0,3.0,4.0,5.0],"OUTPUT1":[0.0,1.0,2.0,3.0],"model_name":"add_sub","model_version":"1"',
  ],
  [
    'a scalar, answered as one',
    'identity_bytes',
    '{"INPUT0": "gr\\u00fc\\u00df \\n\\"Dich\\""}',
    '"OUTPUT0":"grüß \\n\\"Dich\\"","model_name":"identity_bytes","model_version":"1"',
  ],
  [
    'several texts, and an id',
    'identity_bytes',
    '{"INPUT0": ["a", "", "c"], "id": "seven"}',
    '"OUTPUT0":["a","","c"],"id":"seven","model_name":"identity_bytes","model_version":"1"',
  ],
  [
    'integers of 64 bits, exactly',
    'identity_uint64',
    '{"INPUT0": [18446744073709551615, 9007199254740993]}',
    '"OUTPUT0":[18446744073709551615,9007199254740993],"model_name":"identity_uint64","model_version":"1"',
  ],
  [
    'integers of 64 bits below zero',
    'identity_int64',
    '{"INPUT0": [-9223372036854775808, 0, 9223372036854775807]}',
    '"OUTPUT0":[-9223372036854775808,0,9223372036854775807],"model_name":"identity_int64","model_version":"1"',
  ],
  [
    'booleans',
    'identity_bool',
    '{"INPUT0": [true, false]}',
    '"OUTPUT0":[true,false],"model_name":"identity_bool","model_version":"1"',
  ],
  [
    'floats as the doubles that they are',
    'identity_fp32',
    '{"INPUT0": [0.1, -0, 1e30, 7]}',
    '"OUTPUT0":[0.10000000149011612,-0.0,1.0000000150474662e30,7.0],"model_name":"identity_fp32","model_version":"1"',
  ],
  [
    'no elements at all',
    'identity_int32',
    '{"INPUT0": []}',
    '"OUTPUT0":[],"model_name":"identity_int32","model_version":"1"',
  ],
  [
    'small integers',
    'identity_int8',
    '{"INPUT0": [-128, 127]}',
    '"OUTPUT0":[-128,127],"model_name":"identity_int8","model_version":"1"',
  ],
];

for (const [what, model, body, answer] of answers) {
  test(`generate takes ${what}; as an event it is the same`, async () => {
    assert.deepEqual(await generate(model, body), {
      status: 200,
      type: 'application/json',
      body: `{${answer}}`,
    });
    assert.deepEqual(await stream(model, body), {
      status: 200,
      type: 'text/event-stream; charset=utf-8',
      body: `data: {${answer}}\n\n`,
    });
  });
}

const noObject = 'attempt to access JSON non-object as object';
const noFit = "The schema can not convert input 'INPUT0' to tensor with proper shape";
const four = '"INPUT1": [1, 2, 3, 4]';
const refused: readonly [model: string, body: string, status: number, message: string][] = [
  ['nobody', '{}', 404, "Request for unknown model: 'nobody' is not found"],
  ['identity_bytes', '', 500, 'failed to parse the request JSON buffer: The document is empty. at 0'],
  [
    'identity_bytes',
    '{',
    500,
    'failed to parse the request JSON buffer: Missing a name for object member. at 1',
  ],
  ['identity_bytes', '[1]', 500, 'attempt to get members for non-object'],
  ['identity_bytes', '{"id": 5}', 500, "Unable to parse 'id': attempt to access JSON non-string as string"],
  [
    'identity_bytes',
    '{"INPUT0": "a", "own": [1]}',
    400,
    "parameter 'own' has invalid type. It should be either 'int', 'bool', or 'string'.",
  ],
  [
    'identity_bytes',
    '{"INPUT0": "a", "own": null}',
    400,
    "parameter 'own' has invalid type. It should be either 'int', 'bool', or 'string'.",
  ],
  ['identity_bytes', '{"parameters": 1}', 500, `Expected JSON object for keyword: 'parameters': ${noObject}`],
  [
    'identity_bytes',
    '{"parameters": {"nested": {"twice": 1}}}',
    400,
    "Converting keyword: 'parameters': parameter 'nested' has invalid type. It should be either 'int', 'bool', or 'string'.",
  ],
  [
    'identity_bytes',
    '{"INPUT0": 123}',
    500,
    'Unable to parse JSON bytes array: attempt to access JSON non-string as string',
  ],
  [
    'identity_bytes',
    '{"INPUT0": {"a": "b"}}',
    500,
    'Unable to parse JSON bytes array: attempt to access JSON non-string as string',
  ],
  [
    'identity_bool',
    '{"INPUT0": "false"}',
    500,
    "Unable to parse 'data': attempt to access JSON non-boolean as boolean",
  ],
  [
    'identity_int32',
    '{"INPUT0": 1.5}',
    500,
    "Unable to parse 'data': attempt to access JSON non-signed-integer as signed-integer",
  ],
  [
    'identity_uint8',
    '{"INPUT0": -1}',
    500,
    "Unable to parse 'data': attempt to access JSON non-unsigned-integer as unsigned-integer",
  ],
  [
    'identity_fp32',
    '{"INPUT0": "1"}',
    500,
    "Unable to parse 'data': attempt to access JSON non-number as double",
  ],
  ['identity_uint8', '{"INPUT0": 256}', 400, "Unable to parse 'data': 256 is out of the range of UINT8"],
  [
    'identity_fp16',
    '{"INPUT0": 1}',
    400,
    'receiving FP16 data via JSON is not supported. Please use the binary data format for input INPUT0',
  ],
  ['add_sub', `{"INPUT0": [1, 2, 3], ${four}}`, 400, noFit],
  ['add_sub', `{"INPUT0": 1, ${four}}`, 400, noFit],
  [
    'fixed_fp32',
    '{"INPUT0": []}',
    400,
    "[request id: <id_unknown>] input byte size mismatch for input 'INPUT0' for model 'fixed_fp32'. Expected 16, got 0",
  ],
  [
    'identity_int32',
    '{"INPUT0": [[1, 2], [3]]}',
    500,
    "Unable to parse 'data': Shape does not match true shape of 'data' field",
  ],
  [
    'identity_int32',
    '{"INPUT0": [[], 1]}',
    500,
    "Failed to parse 'data' field: shape does not match true shape",
  ],
  [
    'add_sub',
    `{${four}, "INPUT0": [1, 2, 3, 4], ${four}}`,
    400,
    "[request id: <id_unknown>] input 'INPUT1' already exists in request",
  ],
  [
    'add_sub',
    `{"id": "x", ${four}}`,
    400,
    "[request id: x] expected 2 inputs but got 1 inputs for model 'add_sub'. Got input(s) ['INPUT1'], but missing required input(s) ['INPUT0']. Please provide all required input(s).",
  ],
  [
    'identity_fp64',
    `{"INPUT0": [${Array.from({ length: 501 }, () => '1').join(',')}]}`,
    400,
    "request size of 4008 bytes with input 'INPUT0' of size 4008 bytes exceeds the maximum allowed input size of 4000. Use --http-max-input-size to increase the limit.",
  ],
  [
    'identity_bytes',
    `{"INPUT0": "${'x'.repeat(4000)}"}`,
    400,
    'request body exceeds the maximum allowed input size of 4000 bytes. Use --http-max-input-size to increase the limit.',
  ],
];

describe('what is no request is refused before it runs, by both endpoints alike', () => {
  for (const [model, body, status, message] of refused) {
    test(`${model} ${body.slice(0, 60)}`, async () => {
      assert.deepEqual(await generate(model, body), failure(status, message));
      assert.deepEqual(await stream(model, body), failure(status, message));
    });
  }

  test('a body that is encoded', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const expected = failure(400, "Unsupported content-encoding, only 'identity' is supported.");
    assert.deepEqual(await generate('identity_bytes', '{}', { headers }), expected);
    assert.deepEqual(await stream('identity_bytes', '{}', { headers }), expected);
    assert.equal(
      (await generate('identity_bytes', '{"INPUT0": "a"}', { headers: { 'content-encoding': 'identity' } }))
        .status,
      200,
    );
  });

  test('another method', async () => {
    const path = '/v2/models/identity_bytes/generate';
    assert.deepEqual(await ask(server.httpPort, path), failure(405, 'Method Not Allowed'));
    assert.deepEqual(await ask(server.httpPort, `${path}_stream`), failure(405, 'Method Not Allowed'));
  });
});

test('what fails when it runs is an event, with the status that belongs to it', async () => {
  const body = '{"INDEX": 9}';
  const told = await generate('fails_at_run', body);
  assert.equal(told.status, 500);
  assert.equal(told.type, 'application/json');
  assert.deepEqual(await stream('fails_at_run', body), {
    status: 500,
    type: 'text/event-stream; charset=utf-8',
    body: `data: ${told.body}\n\n`,
  });
});

test('a request whose client goes away leaves the queue', async () => {
  const { statistics } = server.server.pick('slow', '');
  const running = generate('slow', '{"ITERATIONS": 20000}');
  await eventually(
    () => server.server.inFlight().some(({ model, count }) => model === 'slow' && count === 1),
    'one runs',
  );
  for (const [index, endpoint] of ['generate', 'generate_stream'].entries()) {
    const body = '{"ITERATIONS": 1}';
    const socket = connect(server.httpPort, '127.0.0.1');
    socket.write(
      `POST /v2/models/slow/${endpoint} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await eventually(
      () => server.server.inFlight().some(({ model, count }) => model === 'slow' && count === 2),
      'one waits',
    );
    socket.destroy();
    await eventually(() => statistics.snapshot().failures.canceled.count === index + 1, 'it was cancelled');
  }
  assert.equal((await running).status, 200);
  assert.equal(statistics.snapshot().executionCount, 1);
});

test('no header tells of a load that no metric here measures', async () => {
  const response = await fetch(`http://127.0.0.1:${server.httpPort}/v2/models/identity_bytes/generate`, {
    method: 'POST',
    body: '{"INPUT0": "a"}',
    headers: { 'endpoint-load-metrics-format': 'json' },
  });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('endpoint-load-metrics'), null);
  await response.text();
});
