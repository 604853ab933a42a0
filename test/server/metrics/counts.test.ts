import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { test } from 'node:test';
import { expectOk, inferenceMethod, type AnyMessage } from '../../support/client.js';
import { eventually } from '../../support/eventually.js';
import { withMetrics, type MetricsHouse } from '../../support/metrics-house.js';
import { pick } from '../../support/metrics-page.js';
import { pairsRequest } from '../../support/row-requests.js';

/** Long enough for three calls on a busy machine. */
const timeoutUs = 1_500_000;

const models = [
  { graph: 'row_pairs', name: 'pairs', settings: 'dynamic_batching { }' },
  {
    graph: 'row_pairs',
    name: 'strict',
    settings: `dynamic_batching { default_queue_policy { default_timeout_microseconds: ${timeoutUs} max_queue_size: 2 } }`,
  },
  { graph: 'fails_at_run' },
];

const row = [1, 2];
const rowsOf = (count: number): number[][] => Array.from({ length: count }, () => row);

/** The model fails on it while it runs. */
const beyondTheTable = {
  model_name: 'fails_at_run',
  inputs: [{ name: 'INDEX', datatype: 'INT64', shape: [1] }],
  raw_input_contents: [Buffer.from(BigInt64Array.of(99n).buffer)],
};

/** What ModelStatistics tells, in the names of the metrics. */
async function told({ rig }: MetricsHouse, name: string): Promise<Record<string, number>> {
  const asked = await rig.client.call(inferenceMethod('ModelStatistics'), { name, version: '' });
  const [{ inference_stats: stats, ...counts }] = expectOk(asked).model_stats;
  const us = ({ ns }: AnyMessage): number => Math.floor(Number(ns) / 1000);
  return {
    nv_inference_request_success: Number(stats.success.count),
    nv_inference_count: Number(counts.inference_count),
    nv_inference_exec_count: Number(counts.execution_count),
    nv_inference_request_duration_us: us(stats.success),
    nv_inference_queue_duration_us: us(stats.queue),
    nv_inference_compute_input_duration_us: us(stats.compute_input),
    nv_inference_compute_infer_duration_us: us(stats.compute_infer),
    nv_inference_compute_output_duration_us: us(stats.compute_output),
  };
}

async function measured({ page }: MetricsHouse, name: string): Promise<Record<string, number>> {
  const { values } = await page();
  const names = Object.keys(nothing);
  return Object.fromEntries(
    names.map((family) => [family, values.get(`${family}{model="${name}",version="1"}`) ?? NaN]),
  );
}

const nothing = {
  nv_inference_request_success: 0,
  nv_inference_count: 0,
  nv_inference_exec_count: 0,
  nv_inference_request_duration_us: 0,
  nv_inference_queue_duration_us: 0,
  nv_inference_compute_input_duration_us: 0,
  nv_inference_compute_infer_duration_us: 0,
  nv_inference_compute_output_duration_us: 0,
};

async function failures({ page }: MetricsHouse, name: string): Promise<Record<string, number>> {
  const found = pick(await page(), `nv_inference_request_failure{model="${name}",version="1",reason="`);
  return Object.fromEntries(Object.entries(found).map(([key, value]) => [key.replace('"}', ''), value]));
}

async function rejected({ page }: MetricsHouse, name: string): Promise<Record<string, number>> {
  const found = pick(await page(), `nereid_requests_rejected_total{model="${name}",version="1",reason="`);
  return Object.fromEntries(
    Object.entries(found).flatMap(([key, value]) => (value === 0 ? [] : [[key.replace('"}', ''), value]])),
  );
}

test('after a scripted load statistics and metrics say the same, and what the script says', async () => {
  await withMetrics({ models, repositoryOptions: { batching: { heldBack: 3 } } }, async (house) => {
    const { rig, page } = house;
    for (const { graph, name = graph } of models) {
      assert.deepEqual(await measured(house, name), nothing);
      assert.deepEqual(await failures(house, name), { REJECTED: 0, CANCELED: 0, BACKEND: 0, OTHER: 0 });
    }
    // Three requests of two samples run as one batch, for none runs before three wait; two of one run alone.
    const first = [
      await rig.send(pairsRequest('pairs', rowsOf(2))),
      await rig.send(pairsRequest('pairs', rowsOf(2))),
    ];
    const waiting = await page();
    assert.equal(waiting.values.get('nv_inference_pending_request_count{model="pairs",version="1"}'), 2);
    assert.equal(waiting.values.get('nereid_queue_requests{model="pairs",version="1"}'), 2);
    assert.ok((waiting.values.get('nereid_queue_oldest_age_seconds{model="pairs",version="1"}') ?? 0) > 0);
    first.push(await rig.send(pairsRequest('pairs', rowsOf(2))));
    for (const { outcome } of first) expectOk(await outcome);
    for (let time = 0; time < 2; time++) expectOk(await rig.client.infer(pairsRequest('pairs', rowsOf(1))));
    const counted = await measured(house, 'pairs');
    assert.deepEqual(counted, await told(house, 'pairs'));
    assert.equal(counted['nv_inference_request_success'], 5);
    assert.equal(counted['nv_inference_count'], 8);
    assert.equal(counted['nv_inference_exec_count'], 3);
    const after = await page();
    assert.equal(after.values.get('nv_inference_pending_request_count{model="pairs",version="1"}'), 0);
    const sizes = pick(after, 'nereid_batch_size_');
    assert.deepEqual(
      [
        'bucket{model="pairs",version="1",le="1"}',
        'bucket{model="pairs",version="1",le="4"}',
        'bucket{model="pairs",version="1",le="8"}',
        'sum{model="pairs",version="1"}',
        'count{model="pairs",version="1"}',
      ].map((key) => sizes[key]),
      [2, 2, 3, 8, 3],
    );
    for (const stage of ['queue', 'input', 'infer', 'output', 'request']) {
      const key = `nereid_request_duration_seconds_count{model="pairs",version="1",stage="${stage}"}`;
      assert.equal(after.values.get(key), 5);
    }
    assert.ok((after.values.get('nereid_instance_busy_seconds_total{model="pairs",version="1"}') ?? 0) > 0);
    assert.equal(after.values.get('nereid_instances{model="pairs",version="1"}'), 1);
    const closed = pick(after, 'nereid_batches_closed_total{model="pairs",version="1",');
    assert.equal(
      Object.values(closed).reduce((sum, count) => sum + count, 0),
      3,
    );
  });
});

test('every way to fail has its reason, and what Triton counts nowhere is counted as rejected', async () => {
  await withMetrics({ models, repositoryOptions: { batching: { heldBack: 3 } } }, async (house) => {
    const { rig } = house;
    const slow = await rig.send(pairsRequest('strict', rowsOf(1)));
    const given = await rig.send(pairsRequest('strict', rowsOf(1)));
    const full = await rig.client.infer(pairsRequest('strict', rowsOf(1)));
    assert.equal(full.kind === 'failed' && full.code, status.UNAVAILABLE);
    given.cancel();
    await eventually(() => rig.inFlight('strict') === 1, 'it is given up');
    const late = await slow.outcome;
    assert.equal(late.kind === 'failed' && late.details, 'Request timeout expired');
    assert.equal((await rig.client.infer({ model_name: 'strict', inputs: [] })).kind, 'failed');
    assert.deepEqual(await failures(house, 'strict'), { REJECTED: 1, CANCELED: 1, BACKEND: 0, OTHER: 0 });
    assert.deepEqual(await rejected(house, 'strict'), { queue_full: 1, timeout: 1, invalid: 1 });
    assert.deepEqual(await measured(house, 'strict'), nothing);

    assert.equal((await rig.client.infer(beyondTheTable)).kind, 'failed');
    assert.deepEqual(await failures(house, 'fails_at_run'), {
      REJECTED: 0,
      CANCELED: 0,
      BACKEND: 1,
      OTHER: 0,
    });
    assert.deepEqual(await measured(house, 'fails_at_run'), await told(house, 'fails_at_run'));
  });
});

test('a server that holds as many bytes as it may says so', async () => {
  const setup = {
    models,
    server: { pendingBytesMax: 1500 },
    repositoryOptions: { batching: { heldBack: 3 } },
  };
  await withMetrics(setup, async (house) => {
    await house.rig.send(pairsRequest('pairs', rowsOf(1)));
    const refused = await house.rig.client.infer(pairsRequest('pairs', rowsOf(1)));
    assert.equal(refused.kind, 'failed');
    assert.deepEqual(await rejected(house, 'pairs'), { pending_bytes: 1 });
    const { values } = await house.page();
    assert.equal(values.get('nereid_pending_request_bytes'), 1024 + 2 * row.length * 4);
    assert.equal(values.get('nereid_pending_request_bytes_limit'), 1500);
  });
});
