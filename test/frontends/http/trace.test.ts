import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { beginTrace, traceAnswer } from '../../../src/frontends/http/trace.js';
import { nowUs } from '../../../src/inference/now.js';
import { InferRequest } from '../../../src/inference/request.js';
import type { RequestTrace } from '../../../src/inference/request-trace.js';
import type { HttpCall } from '../../../src/frontends/http/exchange.js';
import { sampleModels, startServer, type TestServer } from '../../support/server.js';

const ended: RequestTrace[] = [];
let server: TestServer;

before(async () => {
  server = await startServer({
    repository: sampleModels,
    traces: {
      mode: 'opentelemetry',
      settings: { level: { timestamps: true, tensors: false }, rate: 0 },
      destination: {
        sink: () => ({ traceEnded: (trace) => void ended.push(trace), batchRan() {}, close() {} }),
        close: async () => {},
      },
    },
  });
});
after(() => server.close());

const traceId = '0af7651916cd43dd8448eb211c80319c';

/** What the endpoint of infer does around a request that a client traces. */
function begin(values: Float32Array) {
  const data = new Uint8Array(values.buffer);
  const request = new InferRequest('r', [
    { name: 'INPUT0', datatype: 'FP32', shape: [1, values.length], data },
  ]);
  const model = server.server.pick('identity_fp32', '');
  const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
  const call = { headers, startUs: nowUs() } as unknown as HttpCall;
  const trace = beginTrace(server.server, { call, model, request });
  assert.ok(trace !== undefined);
  return { trace, response: () => server.server.infer(model, request) };
}

test('a request is traced from its head to the end of its answer, as its caller asks in a header', async () => {
  const { trace, response } = begin(Float32Array.of(1));
  let released = 0;
  const answer = await traceAnswer(trace, response(), () => ({
    status: 200,
    release: () => void released++,
  }));
  assert.equal(ended.length, 0);
  answer.release?.();
  assert.equal(released, 1);
  assert.deepEqual(ended.splice(0), [trace]);
  assert.equal(trace.subject.compute?.traceId, traceId);
  const names = trace.stamps.map(({ name }) => name);
  assert.deepEqual(names.slice(0, 3), ['HTTP_RECV_START', 'HTTP_RECV_END', 'REQUEST_START']);
  assert.deepEqual(names.slice(-3), ['INFER_RESPONSE_COMPLETE', 'HTTP_SEND_START', 'HTTP_SEND_END']);
});

test('the trace of a request that fails ends with its error', async () => {
  const { trace, response } = begin(Float32Array.of(1));
  const failing = traceAnswer(trace, response(), () => {
    throw new Error('no such form');
  });
  await assert.rejects(failing, /no such form/);
  assert.deepEqual(ended.splice(0), [trace]);
  assert.equal(trace.error, 'no such form');
});
