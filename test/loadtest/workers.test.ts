import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LoadWorkers } from '../../src/loadtest/workers.js';
import { sampleModels, startServer, type TestServer } from '../support/server.js';

let server: TestServer;
let workers: LoadWorkers;

before(async () => {
  server = await startServer({ repository: sampleModels });
  workers = new LoadWorkers(2);
});

after(async () => {
  workers.close();
  await server.close();
});

function plan(model: string, answerBytesMin = 64) {
  return {
    target: `127.0.0.1:${server.port}`,
    request: { model, inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [1, 16], byteLength: 64 }] },
    connectionCount: 3,
    answerBytesMin,
  };
}

test('processes share a count of real calls, and every call is answered', async () => {
  await workers.connect(plan('identity_fp32'));
  const result = await workers.drive({ concurrency: 5, limit: { kind: 'count', count: 101 } });
  assert.deepEqual([result.answeredCount, result.failedCount], [101, 0]);
  assert.ok(result.latency.maxUs > 0);
});

test('one lane over two processes still makes all calls', async () => {
  await workers.connect(plan('identity_fp32'));
  const result = await workers.drive({ concurrency: 1, limit: { kind: 'count', count: 9 } });
  assert.equal(result.answeredCount, 9);
});

test("a server's refusal comes back with its code and its words", async () => {
  await workers.connect(plan('nobody'));
  const result = await workers.drive({ concurrency: 2, limit: { kind: 'count', count: 4 } });
  assert.equal(result.failedCount, 4);
  assert.match([...result.failures.keys()].join(), /^5: Request for unknown model: 'nobody'/);
});

test('an answer that is shorter than it must be counts as failed', async () => {
  await workers.connect(plan('identity_fp32', 1000));
  const result = await workers.drive({ concurrency: 1, limit: { kind: 'count', count: 2 } });
  assert.deepEqual([...result.failures], [['the answer is shorter than expected', 2]]);
});
