import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { spanDestination } from '../../../src/server/trace-spans.js';
import { RareLog } from '../../../src/telemetry/rare-log.js';
import { SpanExport } from '../../../src/telemetry/span-export.js';
import { inferenceMethod, TestClient, type AnyMessage } from '../../support/client.js';
import { eventually } from '../../support/eventually.js';
import { withModels } from '../../support/model-links.js';
import {
  attributesOf,
  openReceiver,
  type OtlpReceiver,
  type ReceivedSpan,
} from '../../support/otlp-receiver.js';
import { startServer, testModels } from '../../support/server.js';

interface Parts {
  readonly client: TestClient;
  readonly receiver: OtlpReceiver;
  readonly lines: readonly string[];
  /** Sends all that has ended. */
  readonly close: () => Promise<void>;
}

const models = ['identity_fp32', 'fails_at_run'].map((name) => path.join(testModels, name));

async function withSpans(
  use: (parts: Parts) => Promise<void>,
  { rate = 1, delayMs = 60_000 } = {},
): Promise<void> {
  const receiver = await openReceiver();
  const lines: string[] = [];
  const exporter = await SpanExport.open(
    {
      url: receiver.url,
      resource: { room: 'test' },
      queueSizeMax: 2048,
      scheduleDelayMs: delayMs,
      exportBatchSizeMax: 512,
    },
    new RareLog({ warning: (line) => void lines.push(line) }, () => 0),
  );
  await withModels(models, async (repository) => {
    const server = await startServer({
      repository,
      traces: {
        mode: 'opentelemetry',
        settings: { level: { timestamps: true, tensors: false }, rate },
        destination: spanDestination(exporter),
      },
    });
    const client = new TestClient(server.port);
    let closed: Promise<void> | undefined;
    const close = (): Promise<void> => (closed ??= server.close());
    try {
      await use({ client, receiver, lines, close });
    } finally {
      client.close();
      await close();
      receiver.close();
    }
  });
}

const infer = inferenceMethod('ModelInfer');

function identity(id: string, model = 'identity_fp32'): AnyMessage {
  return {
    model_name: model,
    id,
    inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [1, 1] }],
    raw_input_contents: [Buffer.from(Float32Array.of(1).buffer)],
  };
}

function only(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const [span, more] = spans.filter((one) => one.name === name);
  assert.ok(span !== undefined && more === undefined, `there are not one but other counts of '${name}'`);
  return span;
}

const traceId = '0af7651916cd43dd8448eb211c80319c';

test('a request is spans as Triton names them, in the trace of its caller, at the time of day', () =>
  withSpans(async ({ client, receiver, close }) => {
    const beforeNs = BigInt(Date.now() - 1) * 1_000_000n;
    const metadata = { traceparent: `00-${traceId}-b7ad6b7169203331-01`, tracestate: 'vendor=1' };
    await client.call(infer, identity('mine'), { metadata });
    const afterNs = BigInt(Date.now() + 1) * 1_000_000n;
    await close();
    const { spans } = receiver;
    const [root, model, queue, compute, batch] = [
      'InferRequest',
      'identity_fp32',
      'queue',
      'compute',
      'batch',
    ].map((name) => only(spans, name));
    assert.ok(root && model && queue && compute && batch);
    assert.equal(spans.length, 5);
    for (const span of [root, model, queue, compute]) {
      assert.equal(span.traceId, traceId);
      assert.equal(span.traceState, 'vendor=1');
      assert.equal(span.status.code, 0);
    }
    assert.equal(root.parentSpanId, 'b7ad6b7169203331');
    assert.equal(model.parentSpanId, root.spanId);
    assert.equal(queue.parentSpanId, model.spanId);
    assert.equal(compute.parentSpanId, model.spanId);
    assert.deepEqual(attributesOf(model), {
      'triton.model_name': 'identity_fp32',
      'triton.model_version': 1,
      'triton.trace_id': 1,
      'triton.trace_parent_id': 0,
      'triton.request_id': 'mine',
    });
    const names = ({ events }: ReceivedSpan) => events.map(({ name }) => name);
    assert.deepEqual(names(model), ['REQUEST_START', 'QUEUE_START', 'REQUEST_END']);
    const run = ['COMPUTE_START', 'COMPUTE_INPUT_END', 'COMPUTE_OUTPUT_START', 'COMPUTE_END'];
    assert.deepEqual(names(compute), run);
    assert.deepEqual(names(batch), run);
    assert.ok(names(root).includes('GRPC_SEND_END'));
    for (const span of spans) {
      const [from, to] = [BigInt(span.startTimeUnixNano), BigInt(span.endTimeUnixNano)];
      assert.ok(from >= beforeNs && from <= to && to <= afterNs, `${span.name}: ${from} to ${to}`);
    }
    assert.equal(receiver.resource['service.name'], 'triton-inference-server');
    assert.equal(receiver.resource['room'], 'test');
  }));

test('a batch is one span, linked to its requests and they to it', () =>
  withSpans(async ({ client, receiver, close }) => {
    await Promise.all(Array.from({ length: 16 }, (_, index) => client.call(infer, identity(String(index)))));
    await close();
    const computes = receiver.spans.filter(({ name }) => name === 'compute');
    const batches = receiver.spans.filter(({ name }) => name === 'batch');
    assert.equal(computes.length, 16);
    for (const compute of computes) {
      const [link] = compute.links;
      const batch = batches.find(({ spanId }) => spanId === link?.spanId);
      assert.equal(batch?.traceId, link?.traceId);
      assert.ok(batch?.links.some(({ spanId }) => spanId === compute.spanId));
    }
    const counts = batches.map((batch) => Number(attributesOf(batch)['nereid.batch_request_count']));
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      16,
    );
    assert.deepEqual(
      batches.map(({ links }) => links.length),
      counts,
    );
  }));

test('with rate 0 only what its caller traces is traced', () =>
  withSpans(
    async ({ client, receiver, close }) => {
      await client.call(infer, identity('own'));
      const metadata = (flags: string) => ({ traceparent: `00-${traceId}-b7ad6b7169203331-${flags}` });
      await client.call(infer, identity('unsampled'), { metadata: metadata('00') });
      await client.call(infer, identity('sampled'), { metadata: metadata('01') });
      await close();
      assert.equal(attributesOf(only(receiver.spans, 'identity_fp32'))['triton.request_id'], 'sampled');
    },
    { rate: 0 },
  ));

test('a request that failed says so, and why', () =>
  withSpans(async ({ client, receiver, close }) => {
    const outcome = await client.call(infer, identity('', 'fails_at_run'));
    assert.ok(outcome.kind === 'failed');
    await close();
    const root = only(receiver.spans, 'InferRequest');
    assert.deepEqual([root.status.code, root.status.message], [2, outcome.details]);
  }));

test('a receiver that refuses is told of and hurts no request', () =>
  withSpans(
    async ({ client, receiver, lines }) => {
      receiver.status = 400;
      assert.equal((await client.call(infer, identity(''))).kind, 'ok');
      await eventually(() => lines.length > 0, 'the loss is told');
      assert.match(
        lines[0] ?? '',
        /^traces: \d spans are lost, the receiver has not taken them: Bad Request/,
      );
      receiver.status = 200;
      assert.equal((await client.call(infer, identity(''))).kind, 'ok');
      await eventually(() => receiver.spans.length > 0, 'later spans are sent');
    },
    { delayMs: 1 },
  ));
