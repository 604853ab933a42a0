import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pooled, gone, started } from '../support/pool.js';
import { failure, settled } from '../support/scheduler.js';

test('a pool grows by further instances, and an idle one is taken from any of them', async () => {
  const { pool, starts } = await started(1);
  const growing = pool.grow([1, 2]);
  for (const { ready } of starts.slice(1)) ready(new Pooled());
  await growing;
  assert.deepEqual([pool.aliveCount, pool.idleCount], [3, 3]);
});

test('growth of which one instance fails leaves the pool as it was', async () => {
  const { pool, starts, instances } = await started(1);
  const growing = pool.grow([1, 2]);
  const added = new Pooled();
  starts[1]?.ready(added);
  starts[2]?.refuse(gone);
  assert.equal(await failure(growing), gone);
  assert.equal(added.closed, true);
  assert.deepEqual([pool.aliveCount, pool.idleCount], [1, 1]);
  assert.equal(pool.takeIdle(), instances[0]);
});

test('an instance that is lent when its place is given up does not come back', async () => {
  const { pool, instances } = await started(2);
  const lent = pool.takeIdle();
  assert.ok(lent);
  await pool.shrink([instances.indexOf(lent)]);
  pool.giveBack(lent);
  assert.equal(lent.closed, true);
  assert.deepEqual([pool.aliveCount, pool.idleCount], [1, 1]);
});

test('an instance that dies when its place was given up, or waits to be started again, is not replaced', async () => {
  const { pool, starts, clock, events } = await started(2);
  starts[0]?.die(gone);
  await settled();
  starts[2]?.refuse(gone);
  await settled();
  await pool.shrink([0, 1]);
  starts[1]?.die(gone);
  clock.advance(60_000);
  await settled();
  assert.equal(starts.length, 3);
  assert.equal(events.includes('recovered'), false);
});
