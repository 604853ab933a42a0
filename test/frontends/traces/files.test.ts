import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { inferenceMethod, TestClient, type AnyMessage } from '../../support/client.js';
import { eventually } from '../../support/eventually.js';
import { withModels } from '../../support/model-links.js';
import { startServer, testModels, type TestServer } from '../../support/server.js';
import { TestStream } from '../../support/stream.js';
import type { TraceSetup } from '../../support/traces.js';

interface Trace {
  id: number;
  model_name?: string;
  model_version?: number;
  request_id?: string;
  readonly stamps: Map<string, number>;
  readonly tensors: [string, AnyMessage][];
}

/** As Triton's own reader puts a file together: objects of one trace share its number. */
function joinTraces(parts: readonly AnyMessage[]): Trace[] {
  const traces = new Map<number, Trace>();
  for (const { id, timestamps = [], activity, tensor, ...head } of parts) {
    const trace: Trace = traces.get(id) ?? { id, stamps: new Map(), tensors: [] };
    Object.assign(trace, head);
    for (const { name, ns } of timestamps) trace.stamps.set(name, ns);
    if (tensor !== undefined) trace.tensors.push([activity, tensor]);
    traces.set(id, trace);
  }
  return [...traces.values()].toSorted((a, b) => a.id - b.id);
}

async function read(file: string): Promise<Trace[]> {
  return joinTraces(JSON.parse(await readFile(file, 'utf8')));
}

const models = ['identity_fp32', 'fails_at_run', 'slow'].map((name) => path.join(testModels, name));

interface Parts {
  readonly server: TestServer;
  readonly client: TestClient;
  readonly file: string;
  readonly close: () => Promise<void>;
}

async function withServer(
  settings: TraceSetup['settings'],
  use: (parts: Parts) => Promise<void>,
): Promise<void> {
  await withModels(models, async (repository) => {
    const file = path.join(repository, '../trace.json');
    const server = await startServer({
      repository,
      server: { strictReadiness: false },
      traces: {
        file,
        settings: { level: timestamps, rate: 1, ...settings },
        onWarning: (line) => assert.fail(line),
      },
    });
    const client = new TestClient(server.port);
    // Traces are whole when the server has closed.
    let closed: Promise<void> | undefined;
    const close = (): Promise<void> => (closed ??= server.close());
    try {
      await use({ server, client, file, close });
    } finally {
      client.close();
      await close();
    }
  });
}

const timestamps = { timestamps: true, tensors: false };
const infer = inferenceMethod('ModelInfer');

function identity(id: string, values: readonly number[] = [1], model = 'identity_fp32'): AnyMessage {
  return {
    model_name: model,
    id,
    inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [1, values.length] }],
    raw_input_contents: [Buffer.from(Float32Array.from(values).buffer)],
  };
}

const all = [
  'GRPC_WAITREAD_START',
  'GRPC_WAITREAD_END',
  'REQUEST_START',
  'QUEUE_START',
  'COMPUTE_START',
  'COMPUTE_INPUT_END',
  'COMPUTE_OUTPUT_START',
  'COMPUTE_END',
  'REQUEST_END',
  'INFER_RESPONSE_COMPLETE',
  'GRPC_SEND_START',
  'GRPC_SEND_END',
];

function expectOrdered({ stamps }: Trace): void {
  let before = 0;
  for (const [name, ns] of stamps) {
    assert.ok(Number.isSafeInteger(ns) && ns >= before, `${name} is before its time`);
    before = ns;
  }
}

test('a request leaves its moments in their order, and nothing that was not sampled', () =>
  withServer({ rate: 2 }, async ({ client, file, close }) => {
    for (const id of ['a', 'b', '', '']) await client.call(infer, identity(id));
    await close();
    const traces = await read(file);
    assert.deepEqual(
      traces.map(({ id, model_name, model_version, request_id }) => [
        id,
        model_name,
        model_version,
        request_id,
      ]),
      [
        [1, 'identity_fp32', 1, 'b'],
        [2, 'identity_fp32', 1, undefined],
      ],
    );
    for (const trace of traces) {
      assert.deepEqual([...trace.stamps.keys()], all);
      assert.deepEqual(trace.tensors, []);
      expectOrdered(trace);
    }
  }));

test('requests of one batch have its moments, each its own others', () =>
  withServer({}, async ({ client, file, close }) => {
    await Promise.all(
      Array.from({ length: 24 }, (_, index) => client.call(infer, identity(String(index), [index]))),
    );
    await close();
    const traces = await read(file);
    assert.equal(traces.length, 24);
    assert.deepEqual(new Set(traces.map(({ request_id }) => request_id)).size, 24);
    for (const trace of traces) {
      assert.deepEqual([...trace.stamps.keys()].toSorted(), all.toSorted());
      expectOrdered(trace);
    }
  }));

test('tensors are told as text, long ones by their first elements', () =>
  withServer({ level: { timestamps: false, tensors: true } }, async ({ client, file, close }) => {
    const values = Array.from({ length: 300_000 }, (_, index) => index / 2);
    await client.call(infer, identity('', [1, 2.5]));
    await client.call(infer, identity('', values));
    await close();
    const [short, long] = await read(file);
    const tensor = (name: string) => ({ name, data: '1,2.5', shape: '1,2', dtype: 'FP32' });
    assert.deepEqual(short?.tensors, [
      ['TENSOR_QUEUE_INPUT', tensor('INPUT0')],
      ['TENSOR_BACKEND_INPUT', tensor('INPUT0')],
      ['TENSOR_BACKEND_OUTPUT', tensor('OUTPUT0')],
    ]);
    assert.equal(short?.stamps.size, 0);
    for (const [, { data, shape, elements_left_out }] of long?.tensors ?? []) {
      assert.equal(data, values.slice(0, 1000).join(','));
      assert.equal(shape, '1,300000');
      assert.equal(elements_left_out, 299_000);
    }
  }));

test('a request that fails is traced as far as it came', () =>
  withServer({}, async ({ client, file, close }) => {
    const wrong = await client.call(infer, {
      ...identity('refused'),
      inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 1] }],
    });
    const broken = await client.call(infer, identity('broken', [1], 'fails_at_run'));
    assert.equal(wrong.kind, 'failed');
    assert.equal(broken.kind, 'failed');
    await close();
    const [refused, failed] = await read(file);
    const came = ['GRPC_WAITREAD_START', 'GRPC_WAITREAD_END', 'REQUEST_START'];
    assert.deepEqual([...(refused?.stamps.keys() ?? [])], [...came, 'REQUEST_END']);
    const ran = [...(failed?.stamps.keys() ?? [])];
    assert.deepEqual(ran.slice(0, 3), came);
    assert.equal(ran.at(-1), 'REQUEST_END');
  }));

test('each request of a stream is traced, also those that are given up', () =>
  withServer({}, async ({ server, client, file, close }) => {
    const stream = new TestStream(client, inferenceMethod('ModelStreamInfer'));
    stream.send(identity('1'), identity('2'));
    stream.call.end();
    await stream.status;
    const left = new TestStream(client, inferenceMethod('ModelStreamInfer'));
    left.send({
      model_name: 'slow',
      id: 'left',
      inputs: [{ name: 'ITERATIONS', datatype: 'INT64', shape: [1] }],
      raw_input_contents: [Buffer.from(BigInt64Array.of(100_000n).buffer)],
    });
    await eventually(() => server.server.inFlight().some(({ count }) => count > 0), 'the slow request runs');
    left.call.cancel();
    await close();
    const traces = await read(file);
    assert.deepEqual(
      traces.map(({ request_id }) => request_id),
      ['1', '2', 'left'],
    );
    for (const trace of traces.slice(0, 2)) {
      assert.deepEqual([...trace.stamps.keys()], all);
      expectOrdered(trace);
    }
    assert.ok(!traces[2]?.stamps.has('GRPC_SEND_START'));
  }));

test('files of so many traces each, the last one with the rest', () =>
  withServer({ logFrequency: 2, count: 5 }, async ({ client, file, close }) => {
    for (let i = 0; i < 7; i++) await client.call(infer, identity(String(i)));
    await close();
    const counts = await Promise.all([0, 1, 2].map(async (index) => (await read(`${file}.${index}`)).length));
    assert.deepEqual(counts, [2, 2, 1]);
    assert.ok(!existsSync(file) && !existsSync(`${file}.3`));
  }));

test('a setting that is replaced leaves its files whole', () =>
  withServer({ logFrequency: 5 }, async ({ client, file }) => {
    await client.call(infer, identity('1'));
    const changed = await client.call(inferenceMethod('TraceSetting'), {
      settings: { log_frequency: { value: ['0'] } },
    });
    assert.equal(changed.kind, 'ok');
    await client.call(infer, identity('2'));
    await eventually(
      async () => existsSync(file) && (await readFile(file, 'utf8')).endsWith(']\n'),
      'written',
    );
    assert.deepEqual(
      (await read(`${file}.0`)).map(({ request_id }) => request_id),
      ['1'],
    );
    assert.deepEqual(
      (await read(file)).map(({ request_id }) => request_id),
      ['2'],
    );
  }));

test('a file that cannot be written hurts no request', () =>
  withModels(models.slice(0, 1), async (repository) => {
    const lost: string[] = [];
    const server = await startServer({
      repository,
      traces: {
        file: '/nowhere/at/all/trace.json',
        settings: { level: timestamps, rate: 1 },
        onWarning: (line) => lost.push(line),
      },
    });
    const client = new TestClient(server.port);
    assert.equal((await client.call(infer, identity('1'))).kind, 'ok');
    client.close();
    await server.close();
    assert.match(lost[0] ?? '', /^traces: 1 lost, the trace file cannot be written: ENOENT/);
  }));
