import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BatchingSpec } from '../../src/config/batching.js';
import {
  meanInSystem,
  requestsPerBatch,
  rowsPerBatch,
  totalsBetween,
} from '../../src/scheduling/batching-report.js';
import { createBatcher } from '../../src/scheduling/create-batcher.js';
import { plainBatching } from '../support/batches.js';
import { build, buildBatching, requestOf, samplesOf, settled, spec } from '../support/scheduler.js';

test('a scheduler tells what waits, what runs, and which batches were closed for which reason', async () => {
  const { scheduler, instances, clock } = buildBatching({ spec: { batchSizeMax: 4, preferredSizes: [4] } });
  const first = scheduler.infer(samplesOf(1, { rows: 2 }));
  const others = [3, 1, 1].map((rows) => scheduler.infer(samplesOf(2, { rows })));
  clock.advanceUs(50);
  const { closed, ...told } = scheduler.batching(clock.nowUs());
  assert.deepEqual(told, {
    mode: 'exact',
    atUs: 50,
    waiting: 3,
    running: 1,
    instanceCount: 1,
    learnt: undefined,
    requests: 4,
    inSystem: 1 + 2 + 3 + 4,
    batches: 1,
    batchedRequests: 1,
    batchedRows: 2,
  });
  assert.equal(closed['instance-free'], 1);
  const before = scheduler.batching(50);
  while (instances[0]!.held !== undefined) {
    instances[0]!.finish();
    await settled();
  }
  for (const response of await Promise.all([first, ...others])) response.release();
  const all = scheduler.batching(60);
  assert.deepEqual(
    [all.waiting, all.running, all.batches, all.batchedRequests, all.batchedRows],
    [0, 0, 3, 4, 7],
  );
  assert.deepEqual([rowsPerBatch(all), requestsPerBatch(all), meanInSystem(all)], [7 / 3, 4 / 3, 2.5]);
  const between = totalsBetween(before, all);
  assert.deepEqual([between.requests, between.batches, between.batchedRows], [0, 2, 5]);
  assert.deepEqual([between.closed.full, between.closed['instance-free']], [1, 1]);
});

test('a report keeps what it said when the scheduler goes on', () => {
  const { scheduler } = build();
  const before = scheduler.batching(0);
  void scheduler.infer(requestOf(1));
  assert.deepEqual([before.batches, before.closed['instance-free']], [0, 0]);
  assert.equal(scheduler.batching(0).closed['instance-free'], 1);
});

test('the averages of a model that has done nothing are 0', () => {
  const report = build().scheduler.batching(0);
  assert.deepEqual([rowsPerBatch(report), requestsPerBatch(report), meanInSystem(report)], [0, 0, 0]);
});

test('each kind of batcher names its mode, and the adaptive one tells what it has learnt', () => {
  const modes = (asked: BatchingSpec | undefined) => {
    const batcher = createBatcher(asked, spec, { instanceCount: 1 });
    return [batcher.mode, batcher.learntAt(0)?.delayBoundUs];
  };
  assert.deepEqual(modes(undefined), ['direct', undefined]);
  assert.deepEqual(modes(plainBatching), ['exact', undefined]);
  assert.deepEqual(modes({ ...plainBatching, delayMode: 'adaptive', delayUs: 70 }), ['adaptive', 70]);
});
