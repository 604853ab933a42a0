import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { withBatching } from '../support/batching.js';
import { expectOk, inferenceMethod } from '../support/client.js';
import { floatsOf, pairsRequest, slowRequest } from '../support/row-requests.js';
import { TestStream } from '../support/stream.js';

const long = 40_000;

for (const [ordered, expected] of [
  [true, ['slow', 'quick', 'quicker']],
  [false, ['quick', 'quicker', 'slow']],
] as const) {
  const what = ordered ? 'leave in the order of their requests' : 'leave as they are ready';
  test(`answers of several instances ${what} with preserve_ordering ${ordered}`, async () => {
    const settings = `dynamic_batching { preserve_ordering: ${ordered} }`;
    const models = [{ graph: 'row_slow', maxBatchSize: 1, instances: 2, settings }];
    await withBatching({ models }, async (rig) => {
      const order: string[] = [];
      const calls = [];
      for (const [name, iterations] of [
        ['slow', long],
        ['quick', 10],
        ['quicker', 1],
      ] as const) {
        const call = await rig.occupy(slowRequest('row_slow', iterations));
        calls.push(call);
        void call.outcome.then(() => order.push(name));
      }
      for (const { outcome } of calls) expectOk(await outcome);
      assert.deepEqual(order, expected);
    });
  });
}

test('with preserve_ordering a request that fails or is given up holds nobody up', async () => {
  const settings =
    'dynamic_batching { preserve_ordering: true default_queue_policy { default_timeout_microseconds: 50000 } }';
  const models = [{ graph: 'row_slow', maxBatchSize: 1, settings }];
  await withBatching({ models }, async (rig) => {
    const running = await rig.occupy(slowRequest('row_slow', long));
    const late = await rig.send(slowRequest('row_slow', 1));
    const given = await rig.send(slowRequest('row_slow', 1));
    given.cancel();
    assert.equal((await late.outcome).kind, 'failed');
    assert.equal((await given.outcome).kind, 'failed');
    expectOk(await running.outcome);
    expectOk(await rig.client.infer(slowRequest('row_slow', 1)));
  });
});

test('the requests of a stream are batched, and answered in their order', async () => {
  const models = [{ graph: 'row_pairs', settings: 'dynamic_batching { }' }];
  await withBatching({ models, heldBack: 6 }, async (rig) => {
    const stream = new TestStream(rig.client, inferenceMethod('ModelStreamInfer'));
    for (let number = 0; number < 6; number++) {
      stream.send(pairsRequest('row_pairs', [[number]], { id: String(number) }));
    }
    stream.call.end();
    assert.equal((await stream.status).code, 0);
    assert.deepEqual(stream.ids, ['0', '1', '2', '3', '4', '5']);
    assert.deepEqual(
      stream.messages.map(({ infer_response }) => floatsOf(infer_response, 'SUM')),
      [[0], [2], [4], [6], [8], [10]],
    );
    assert.deepEqual((await rig.counted('row_pairs')).batches, { 6: 1 });
  });
});

test('the requests of a stream and of calls run in one batch', async () => {
  const models = [{ graph: 'row_pairs', settings: 'dynamic_batching { }' }];
  await withBatching({ models, heldBack: 3 }, async (rig) => {
    const stream = new TestStream(rig.client, inferenceMethod('ModelStreamInfer'));
    stream.send(pairsRequest('row_pairs', [[1]]), pairsRequest('row_pairs', [[2]]));
    while (rig.inFlight('row_pairs') < 2) await setImmediate();
    const { outcome } = await rig.send(pairsRequest('row_pairs', [[3]]));
    assert.deepEqual(floatsOf(expectOk(await outcome), 'SUM'), [6]);
    stream.call.end();
    await stream.status;
    assert.equal(stream.messages.length, 2);
    assert.deepEqual((await rig.counted('row_pairs')).batches, { 3: 1 });
  });
});
