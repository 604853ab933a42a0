import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InferenceError } from '../../src/inference/error.js';
import { Pooled, build, gone, started } from '../support/pool.js';
import { failure, settled } from '../support/scheduler.js';

test('all instances start, and each can be taken once until it is given back', async () => {
  const { pool, instances, starts } = await started(2);
  assert.deepEqual(
    starts.map(({ index }) => index),
    [0, 1],
  );
  assert.equal(pool.aliveCount, 2);
  const taken = [pool.takeIdle(), pool.takeIdle()];
  assert.deepEqual(new Set(taken), new Set(instances));
  assert.equal(pool.takeIdle(), undefined);
  pool.giveBack(instances[0]!);
  assert.equal(pool.takeIdle(), instances[0]);
});

test('when one instance cannot start the others are closed, and its error is the answer', async () => {
  const { pool, starts } = build(3);
  const refused = failure(pool.start());
  const [first, third] = [new Pooled(), new Pooled()];
  starts[0]!.ready(first);
  starts[1]!.refuse(new InferenceError('internal', 'no such model'));
  await settled();
  starts[2]!.ready(third);
  assert.equal((await refused).message, 'no such model');
  assert.deepEqual([first.closed, third.closed], [true, true]);
  assert.equal(pool.aliveCount, 0);
});

test('an idle instance that dies is not lent any more, and a new one takes its place', async () => {
  const { pool, starts, events, instances } = await started(2);
  starts[0]!.die(gone);
  assert.equal(pool.aliveCount, 1);
  assert.equal(pool.takeIdle(), instances[1]);
  assert.equal(pool.takeIdle(), undefined);
  assert.equal(starts[2]!.index, 0);
  const fresh = new Pooled();
  starts[2]!.ready(fresh);
  await settled();
  assert.equal(pool.takeIdle(), fresh);
  assert.deepEqual(events, ['died: gone', 'recovered']);
});

test('an instance that died while it was lent is not taken back', async () => {
  const { pool, starts, instances } = await started(1);
  pool.takeIdle();
  starts[0]!.die(gone);
  pool.giveBack(instances[0]!);
  assert.equal(pool.takeIdle(), undefined);
  assert.equal(pool.aliveCount, 0);
});

test('an instance that dies before the pool has it never counts as started', async () => {
  const { pool, starts } = build(1);
  const refused = failure(pool.start());
  starts[0]!.ready(new Pooled());
  starts[0]!.die(gone);
  assert.equal(await refused, gone);
  assert.equal(pool.aliveCount, 0);
  assert.equal(pool.takeIdle(), undefined);
});

test('a start that fails is tried again at growing intervals of at most 30 seconds', async () => {
  const { starts, clock, events } = await started(1);
  starts[0]!.die(gone);
  const waits: (number | undefined)[] = [];
  for (let attempt = 1; attempt <= 11; attempt++) {
    starts[attempt]!.refuse(new InferenceError('internal', 'still broken'));
    await settled();
    const [waitMs] = clock.waitsMs;
    waits.push(waitMs);
    clock.advance(waitMs!);
  }
  assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  starts[12]!.ready(new Pooled());
  await settled();
  assert.equal(events.at(-1), 'recovered');
  assert.equal(events[1], 'retry in 100: still broken');
});

test('an instance that dies soon after it started is replaced later each time', async () => {
  const { starts, clock } = await started(1);
  const waits: (number | undefined)[] = [];
  for (let death = 0; death < 4; death++) {
    starts[death]!.die(gone);
    const [waitMs = 0] = clock.waitsMs;
    waits.push(waitMs);
    clock.advance(waitMs);
    starts[death + 1]!.ready(new Pooled());
    await settled();
  }
  assert.deepEqual(waits, [0, 100, 200, 400]);
});

test('an instance that lived for ten seconds is replaced at once, whatever was before', async () => {
  const { starts, clock } = await started(1);
  starts[0]!.die(gone);
  starts[1]!.refuse(gone);
  await settled();
  clock.advance(100);
  starts[2]!.ready(new Pooled());
  await settled();
  clock.advance(10_000);
  starts[2]!.die(gone);
  assert.equal(starts.length, 4);
  assert.deepEqual(clock.waitsMs, []);
});

test('a closed pool has closed its instances and lends none', async () => {
  const { pool, instances } = await started(2);
  const lent = pool.takeIdle()!;
  await pool.close();
  assert.deepEqual(
    instances.map(({ closed }) => closed),
    [true, true],
  );
  pool.giveBack(lent);
  assert.equal(pool.takeIdle(), undefined);
  assert.equal(pool.aliveCount, 0);
});

test('closing waits for a replacement that is being started and closes it', async () => {
  const { pool, starts, events } = await started(1);
  starts[0]!.die(gone);
  let closed = false;
  const closing = pool.close().then(() => (closed = true));
  await settled();
  assert.equal(closed, false);
  const late = new Pooled();
  starts[1]!.ready(late);
  await closing;
  assert.equal(late.closed, true);
  assert.equal(pool.takeIdle(), undefined);
  assert.equal(pool.aliveCount, 0);
  assert.deepEqual(events, ['died: gone']);
});

test('closing prevents the next try of a start, and a start that fails then is not tried again', async () => {
  const { pool, starts, clock } = await started(2);
  starts[0]!.die(gone);
  starts[1]!.die(gone);
  starts[2]!.refuse(gone);
  await settled();
  const closing = pool.close();
  starts[3]!.refuse(gone);
  await closing;
  assert.deepEqual(clock.waitsMs, []);
  clock.advance(60_000);
  assert.equal(starts.length, 4);
});

test('a death while the pool closes starts nothing', async () => {
  const { pool, starts, events } = await started(1);
  const closing = pool.close();
  starts[0]!.die(gone);
  await closing;
  assert.equal(starts.length, 1);
  assert.deepEqual(events, []);
});

test('a place is renewed by an instance that takes over once it is there, and the one before is closed', async () => {
  const { pool, starts, instances, events } = await started(1);
  const renewed = pool.renew(0);
  assert.equal(pool.takeIdle(), instances[0]);
  pool.giveBack(instances[0]!);
  const fresh = new Pooled();
  starts[1]!.ready(fresh);
  await renewed;
  assert.equal(instances[0]!.closed, true);
  assert.deepEqual([pool.takeIdle(), pool.takeIdle(), pool.aliveCount], [fresh, undefined, 1]);
  assert.deepEqual(events, []);
  starts[1]!.die(gone);
  assert.equal(starts[2]!.index, 0);
});

test('an instance that is lent while its place is renewed is not taken back', async () => {
  const { pool, starts, instances } = await started(1);
  const lent = pool.takeIdle()!;
  const renewed = pool.renew(0);
  starts[1]!.ready(new Pooled());
  await renewed;
  pool.giveBack(lent);
  assert.notEqual(pool.takeIdle(), instances[0]);
  assert.equal(pool.takeIdle(), undefined);
});

test('a place that cannot be renewed keeps its instance', async () => {
  const { pool, starts, instances } = await started(1);
  const refused = failure(pool.renew(0));
  starts[1]!.refuse(gone);
  assert.equal(await refused, gone);
  assert.deepEqual([pool.takeIdle(), instances[0]!.closed], [instances[0], false]);
  assert.equal(starts.length, 2);
});

test('closing waits for a place that is being renewed, and closes both instances', async () => {
  const { pool, starts, instances } = await started(1);
  const renewed = pool.renew(0);
  const closing = pool.close();
  const late = new Pooled();
  starts[1]!.ready(late);
  await Promise.all([closing, renewed, pool.renew(0)]);
  assert.deepEqual([instances[0]!.closed, late.closed, pool.aliveCount, starts.length], [true, true, 0, 2]);
});
