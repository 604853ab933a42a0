import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { RequestTrace } from '../../../src/inference/request-trace.js';
import { eventually } from '../../support/eventually.js';
import { ask, type HttpReply } from '../../support/http.js';
import { startServer, testModels, type TestServer } from '../../support/server.js';

const ended: RequestTrace[] = [];
let server: TestServer;

before(async () => {
  server = await startServer({
    repository: testModels,
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

/** Posts a request that its caller traces; the trace is there soon after the answer. */
async function traced(path: string, body: object): Promise<{ reply: HttpReply; trace: RequestTrace }> {
  const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
  const reply = await ask(server.httpPort, path, { headers, body: JSON.stringify(body) });
  await eventually(() => ended.length === 1, 'the trace has ended');
  const [trace] = ended.splice(0);
  assert.ok(trace !== undefined);
  assert.equal(trace.subject.compute?.traceId, traceId);
  return { reply, trace };
}

const data = { inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] };

for (const [path, body] of [
  ['/v2/models/identity_fp32/infer', data],
  ['/v2/models/identity_fp32/generate', { INPUT0: [1, 2] }],
  ['/v2/models/identity_fp32/generate_stream', { INPUT0: [1, 2] }],
] as const) {
  test(`${path} is traced from its head to the end of its answer, as its caller asks in a header`, async () => {
    const { reply, trace } = await traced(path, body);
    assert.equal(reply.status, 200);
    assert.equal(trace.error, undefined);
    const names = trace.stamps.map(({ name }) => name);
    assert.deepEqual(names.slice(0, 3), ['HTTP_RECV_START', 'HTTP_RECV_END', 'REQUEST_START']);
    assert.deepEqual(names.slice(-3), ['INFER_RESPONSE_COMPLETE', 'HTTP_SEND_START', 'HTTP_SEND_END']);
  });
}

test('the trace of a request that fails ends with its error', async () => {
  const wrong = { inputs: [{ ...data.inputs[0], name: 'INPUT1' }] };
  const { reply, trace } = await traced('/v2/models/identity_fp32/infer', wrong);
  assert.equal(reply.status, 400);
  assert.match(trace.error ?? '', /unexpected inference input 'INPUT1'/);
});

test('a request that nobody traces leaves no trace', async () => {
  const reply = await ask(server.httpPort, '/v2/models/identity_fp32/infer', { body: JSON.stringify(data) });
  assert.equal(reply.status, 200);
  assert.deepEqual(ended, []);
});
