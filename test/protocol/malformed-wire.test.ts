import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { inferenceMethod, methodOf, TestClient } from '../support/client.js';
import { startServer, testModels, type TestServer } from '../support/server.js';
import { expectHealthy, streamInfer, watchUncaught } from './malformed/probe.js';
import { batching, infer, int64, status } from './malformed/row.js';
import { field, floodRows, goodBytes, wireRows } from './malformed/wire-rows.js';

let server: TestServer;
let client: TestClient;
const uncaught = watchUncaught();
const method = inferenceMethod('ModelInfer');
const unparseable = 'Unable to parse request';

before(async () => {
  server = await startServer({ repository: testModels });
  client = new TestClient(server.port);
});

after(async () => {
  client.close();
  await server.close();
  assert.equal(uncaught.count(), 0);
});

describe('bytes of a ModelInferRequest', () => {
  for (const { what, bytes, code, text = unparseable } of wireRows) {
    test(`${what} → ${code}`, async () => {
      const outcome = await client.callBytes(method, bytes);
      if (code === 'OK') assert.equal(outcome.kind, 'ok');
      else assert.deepEqual(outcome, { kind: 'failed', code: status[code], details: text });
    });
  }

  test('a message cut anywhere is unreadable, or lacks something that is named', async () => {
    const codes = new Set<number>([status.INTERNAL, status.NOT_FOUND, status.INVALID_ARGUMENT]);
    for (let length = 0; length < goodBytes.byteLength; length++) {
      const outcome = await client.callBytes(method, goodBytes.subarray(0, length));
      assert.ok(outcome.kind === 'failed', `cut at ${length}`);
      assert.ok(codes.has(outcome.code), `cut at ${length}: ${outcome.code}`);
      if (outcome.code === status.INTERNAL) assert.equal(outcome.details, unparseable);
    }
  });

  test('a good request is answered afterwards', () => expectHealthy(client, server));
});

describe('20 MB of parts of two bytes', () => {
  for (const { what, bytes, code, text } of floodRows) {
    test(`${what} → ${code}`, async () => {
      const outcome = await client.callBytes(method, bytes());
      assert.deepEqual(outcome, { kind: 'failed', code: status[code], details: text });
      await expectHealthy(client, server);
    });
  }

  test('too many of them in a message of a stream end the stream', async () => {
    const { bytes, text } = floodRows[0]!;
    const { code, details } = await streamInfer(client, [batching(), bytes(), batching()]);
    assert.equal(code, status.INVALID_ARGUMENT);
    assert.equal(details, text);
    await expectHealthy(client, server);
  });
});

describe('names too long for a header', () => {
  const names = {
    ASCII: 'm'.repeat(1_000_000),
    'three bytes each': '漢'.repeat(300_000),
    blanks: ' '.repeat(1_000_000),
  };
  for (const [what, name] of Object.entries(names)) {
    test(`1 MB of ${what} come back cut`, async () => {
      const outcome = await client.infer(batching({ model_name: name }));
      assert.ok(outcome.kind === 'failed' && outcome.code === status.NOT_FOUND);
      assert.match(outcome.details, /^Request for unknown model: '(m+|漢+| +)…$/);
      assert.ok(encodeURI(outcome.details).length < 5000);
    });
  }

  test('a cut never falls into a character of two UTF-16 units', async () => {
    for (let shift = 0; shift < 12; shift++) {
      const outcome = await client.infer(batching({ model_name: 'a'.repeat(shift) + '🙂'.repeat(5000) }));
      assert.ok(outcome.kind === 'failed' && outcome.code === status.NOT_FOUND);
      assert.match(outcome.details, /🙂…$/u);
    }
  });

  test('16,384 inputs are counted, and the first of them named', async () => {
    const inputs = Array.from({ length: 16_384 }, (_, index) => ({
      name: `I${index}`,
      datatype: 'FP32',
      shape: [1, 4],
    }));
    const outcome = await client.infer(
      infer('fixed_fp32', inputs, Array<Buffer>(16_384).fill(Buffer.alloc(0))),
    );
    assert.ok(outcome.kind === 'failed' && outcome.code === status.INVALID_ARGUMENT);
    assert.match(
      outcome.details,
      /^\[request id: <id_unknown>\] expected 1 inputs but got 16384 inputs for model 'fixed_fp32'\. Got input\(s\) \['I0','I1',/,
    );
  });

  test('a good request is answered afterwards', () => expectHealthy(client, server));
});

describe('bytes of the other requests', () => {
  const cases = {
    'a name longer than the message': Buffer.from([0x0a, 5, 0x41]),
    'field number 0': Buffer.from([0, 0]),
    'the end of a group that never began': Buffer.from([0x0c]),
    'wire type 7': Buffer.from([0x0f]),
    'a varint without end': Buffer.alloc(20, 0xff),
    'groups nested 100,000 deep': Buffer.alloc(100_000, 0x0b),
  };
  const methods = [
    ...[
      'ModelReady',
      'ModelMetadata',
      'ModelConfig',
      'RepositoryIndex',
      'ServerLive',
      'ServerReady',
      'ServerMetadata',
      'ModelStatistics',
    ].map(inferenceMethod),
    methodOf('grpc.health.v1.Health', 'Check'),
  ];
  for (const [what, bytes] of Object.entries(cases)) {
    for (const one of methods) {
      test(`${what}, ${one.path}`, async () => {
        assert.deepEqual(await client.callBytes(one, bytes), {
          kind: 'failed',
          code: status.INTERNAL,
          details: unparseable,
        });
      });
    }
  }

  test('a good request is answered afterwards', () => expectHealthy(client, server));
});

describe('bytes in a ModelStreamInfer', () => {
  test('an unreadable message ends the stream, and what ran before it does no harm', async () => {
    const slow = infer('slow', [{ name: 'ITERATIONS', datatype: 'INT64', shape: [1] }], [int64(200)]);
    for (const bad of [Buffer.from([0xff]), field(1, Buffer.from([0xff])), goodBytes.subarray(0, 20)]) {
      const { code, details } = await streamInfer(client, [slow, bad, slow, bad, batching()]);
      assert.equal(code, status.INTERNAL);
      assert.equal(details, unparseable);
    }
  });

  test('a good request is answered afterwards', () => expectHealthy(client, server));
});
