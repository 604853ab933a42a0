import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exactDelay, withBatching } from '../support/batching.js';
import { expectOk, inferenceMethod, TestClient } from '../support/client.js';
import { serve } from '../support/command.js';
import { floatsOf, pairsRequest, slowRequest } from '../support/row-requests.js';
import { writeModels } from '../support/served-models.js';
import { withFolder } from '../support/server.js';

const endless = `
dynamic_batching { max_queue_delay_microseconds: 600000000 }
${exactDelay}`;

test('a server that leaves waits for no company any more: what waits for its delay runs at once', async () => {
  const models = [{ graph: 'row_pairs', settings: endless }];
  await withBatching({ models }, async (rig) => {
    const calls = [];
    for (const value of [1, 2, 3]) calls.push(await rig.send(pairsRequest('row_pairs', [[value]])));
    const closed = rig.server.server.close();
    for (const [at, { outcome }] of calls.entries()) {
      assert.deepEqual(floatsOf(expectOk(await outcome), 'SUM'), [2 * (at + 1)]);
    }
    await closed;
  });
});

test('a server that holds requests back until more come answers them when it leaves', async () => {
  const models = [{ graph: 'row_pairs', settings: 'dynamic_batching { }' }];
  await withBatching({ models, heldBack: 100 }, async (rig) => {
    const { outcome } = await rig.send(pairsRequest('row_pairs', [[4]]));
    const closed = rig.server.server.close();
    assert.deepEqual(floatsOf(expectOk(await outcome), 'SUM'), [8]);
    await closed;
  });
});

test('on SIGTERM all that waits in queues is answered, and the process ends well', async () => {
  await withFolder(async (folder) => {
    await writeModels(folder, [
      { graph: 'row_slow', maxBatchSize: 2, settings: 'dynamic_batching { preserve_ordering: true }' },
      { graph: 'row_pairs', settings: endless },
    ]);
    const command = serve(`--model-repository=${folder}`, '--log-verbose=1');
    const client = new TestClient(await command.port());
    try {
      const method = inferenceMethod('ModelInfer');
      const requests = [
        slowRequest('row_slow', 100_000),
        ...Array.from({ length: 9 }, (_, at) => slowRequest('row_slow', at)),
        ...Array.from({ length: 5 }, (_, at) => pairsRequest('row_pairs', [[at]])),
      ];
      expectOk(await client.call(inferenceMethod('ServerLive'), {}));
      const outcomes = requests.map((request) => client.call(method, request));
      // Sent behind them on the same connection, so the server has them when this is answered.
      expectOk(await client.call(inferenceMethod('ServerLive'), {}));
      command.signal('SIGTERM');
      for (const outcome of outcomes) expectOk(await outcome);
    } finally {
      client.close();
    }
    const { code, signal } = await command.stop();
    assert.deepEqual([code, signal], [0, null]);
  });
});
