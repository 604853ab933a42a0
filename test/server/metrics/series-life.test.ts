import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { expectOk, inferenceMethod } from '../../support/client.js';
import { withMetrics, type MetricsHouse } from '../../support/metrics-house.js';
import { eventually } from '../../support/eventually.js';
import { pick } from '../../support/metrics-page.js';
import { pairsRequest } from '../../support/row-requests.js';

const controlled = { control: 'explicit', startup: 'all' } as const;

async function value({ page }: MetricsHouse, key: string): Promise<number | undefined> {
  return (await page()).values.get(key);
}

const one = '{model="pairs",version="1"}';
const canceled = 'nv_inference_request_failure{model="pairs",version="1",reason="CANCELED"}';

/** A request that waits for ever, for it is the only one, and is given up. */
async function giveUp({ rig }: MetricsHouse): Promise<void> {
  const call = await rig.send(pairsRequest('pairs', [[1, 2]]));
  call.cancel();
  await eventually(() => rig.inFlight('pairs') === 0, 'it is given up');
}

async function infer({ rig }: MetricsHouse, count: number): Promise<void> {
  const calls = Array.from({ length: count }, () => rig.client.infer(pairsRequest('pairs', [[1, 2]])));
  for (const outcome of await Promise.all(calls)) expectOk(outcome);
}

test('counts go on when a version takes over, end when it is unloaded, and those of failures stay', async () => {
  const models = [{ graph: 'row_pairs', name: 'pairs', settings: 'dynamic_batching { }' }];
  const repositoryOptions = { ...controlled, batching: { heldBack: 2 } };
  await withMetrics({ models, repositoryOptions }, async (house) => {
    const { server } = house.rig.server;
    await giveUp(house);
    await infer(house, 3);
    assert.equal(await value(house, `nv_inference_request_success${one}`), 3);
    await appendFile(path.join(house.folder, 'pairs/config.pbtxt'), 'parameters { key: "x" }\n');
    await server.loadModel('pairs');
    assert.equal((await house.rig.counted('pairs')).success, 0);
    assert.equal(await value(house, `nv_inference_request_success${one}`), 3);
    assert.equal(await value(house, canceled), 1);
    await infer(house, 2);
    assert.equal(await value(house, `nv_inference_request_success${one}`), 5);
    assert.equal(
      await value(house, `nereid_request_duration_seconds_count{model="pairs",version="1",stage="queue"}`),
      5,
    );
    assert.equal((await house.rig.counted('pairs')).success, 2);

    await server.unloadModel('pairs');
    // The one that was replaced is the first.
    const unloaded = (line: string): boolean => line.includes("successfully unloaded 'pairs'");
    await eventually(() => house.rig.server.lines.filter(unloaded).length === 2, 'it is gone');
    const gone = [...(await house.page()).values.keys()].filter((key) => key.includes('model="pairs"'));
    assert.deepEqual(gone, [
      ...['REJECTED', 'CANCELED', 'BACKEND', 'OTHER'].map(
        (reason) => `nv_inference_request_failure{model="pairs",version="1",reason="${reason}"}`,
      ),
      'nereid_model_version_ready{model="pairs",version="1"}',
    ]);
    const failed = (await value(house, canceled)) ?? 0;
    await server.loadModel('pairs');
    assert.equal(await value(house, `nv_inference_request_success${one}`), 0);
    assert.equal(await value(house, canceled), failed);
    await giveUp(house);
    assert.equal(await value(house, canceled), failed + 1);
  });
});

test('tags become labels, a config may choose buckets, and what is not asked for is not there', async () => {
  const settings = `
metric_tags { key: "team" value: "a \\"b\\"" }
metric_tags { key: "cost-centre" value: "7" }
response_cache { enable: true }
model_metrics { metric_control { metric_identifier { family: "nv_inference_first_response_histogram_ms" } histogram_options { buckets: [ 60000, 0 ] } } }`;
  const models = [{ graph: 'row_pairs', name: 'pairs', settings }, { graph: 'row_pairs' }];
  const quantiles = [{ quantile: 0.5, error: 0.05 }];
  await withMetrics({ models, metrics: { histogramLatencies: true, quantiles } }, async (house) => {
    await infer(house, 2);
    const labels = 'model="pairs",version="1",_cost_centre="7",_team="a \\"b\\""';
    const page = await house.page();
    const read = (key: string): number | undefined => page.values.get(key);
    assert.equal(read(`nv_inference_request_success{${labels}}`), 2);
    const first = 'nv_inference_first_response_histogram_ms';
    assert.equal(page.types.get(first), 'histogram');
    assert.deepEqual(
      ['0', '60000', '+Inf'].map((le) => read(`${first}_bucket{${labels},le="${le}"}`)),
      [0, 2, 2],
    );
    assert.deepEqual(
      ['100', '500', '2000', '5000', '+Inf'].map((le) =>
        read(`${first}_bucket{model="row_pairs",version="1",le="${le}"}`),
      ),
      [0, 0, 0, 0, 0],
    );
    for (const family of ['num_hits', 'num_misses', 'hit_duration', 'miss_duration']) {
      assert.deepEqual(pick(page, `nv_cache_${family}_per_model{`), { [`${labels}}`]: 0 });
    }
    for (const stage of ['queue', 'compute_input', 'compute_infer', 'compute_output']) {
      const name = `nv_inference_${stage}_summary_us`;
      assert.equal(page.types.get(name), 'summary');
      assert.equal(read(`${name}_count{${labels}}`), 2);
      assert.ok(read(`${name}{${labels},quantile="0.5"}`)! >= 0);
      assert.ok(Number.isNaN(read(`${name}{model="row_pairs",version="1",quantile="0.5"}`)));
    }
    // As in Triton where the response cache is on.
    assert.equal(read(`nv_inference_request_summary_us_count{${labels}}`), undefined);
    assert.equal(read('nv_inference_request_summary_us_count{model="row_pairs",version="1"}'), 0);
    assert.equal(read(`nv_cache_hit_summary_per_model_count{${labels}}`), 0);
  });
});

test('without counters of durations the others count on', async () => {
  const models = [{ graph: 'row_pairs', name: 'pairs', settings: 'response_cache { enable: true }' }];
  await withMetrics({ models, metrics: { counterLatencies: false } }, async (house) => {
    await infer(house, 2);
    const page = await house.page();
    assert.equal(page.values.get(`nv_inference_request_success${one}`), 2);
    const names = [...page.types.keys()].filter((name) => name.startsWith('nv_'));
    assert.deepEqual(names, [
      'nv_inference_request_success',
      'nv_inference_request_failure',
      'nv_inference_count',
      'nv_inference_exec_count',
      'nv_inference_pending_request_count',
      'nv_model_load_duration_secs',
      'nv_pinned_memory_pool_total_bytes',
      'nv_pinned_memory_pool_used_bytes',
    ]);
  });
});

test('with namespaces each repository has series of its own', async () => {
  const models = [{ graph: 'row_pairs', name: 'pairs' }];
  await withMetrics({ models, repositoryOptions: { namespacing: true } }, async ({ page, folder }) => {
    const { values } = await page();
    assert.equal(values.get(`nv_inference_count{model="pairs",version="1",namespace="${folder}"}`), 0);
  });
});

test('bytes, connections and calls are counted for each protocol', async () => {
  const models = [{ graph: 'row_pairs', name: 'pairs' }];
  await withMetrics({ models }, async (house) => {
    const { client, server } = house.rig;
    for (let time = 0; time < 3; time++) {
      expectOk(await client.call(inferenceMethod('ServerMetadata'), {}));
      await (await fetch(`http://127.0.0.1:${server.httpPort}/v2`)).text();
    }
    const page = await house.page();
    const read = (name: string, protocol: string): number =>
      page.values.get(`nereid_${name}{protocol="${protocol}"}`) ?? NaN;
    for (const protocol of ['grpc', 'http']) {
      assert.ok(read('received_bytes_total', protocol) > 100);
      assert.ok(read('sent_bytes_total', protocol) > 500);
      assert.equal(read('connections', protocol), 1);
      assert.equal(read('connections_opened_total', protocol), 1);
      assert.equal(read('open_calls', protocol), 0);
    }
    client.close();
    await eventually(() => server.frontEnd.activity.traffic.openCount === 0, 'it is closed');
    const { receivedBytes, sentBytes } = server.frontEnd.activity.traffic;
    assert.ok(receivedBytes >= read('received_bytes_total', 'grpc'));
    assert.ok(sentBytes >= read('sent_bytes_total', 'grpc'));
  });
});
