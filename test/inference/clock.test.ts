import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { createClock, monotonicClock } from '../../src/inference/clock.js';
import { fromWallMs, nowUs } from '../../src/inference/now.js';
import { eventually } from '../support/eventually.js';

test('the clock never runs backwards', () => {
  let last = monotonicClock.nowUs();
  for (let reading = 0; reading < 1000; reading++) {
    const now = monotonicClock.nowUs();
    assert.ok(now >= last);
    last = now;
  }
});

test('a call for later comes, unless it was dropped', async () => {
  const calls: string[] = [];
  const drop = monotonicClock.after(0, () => calls.push('dropped'));
  await new Promise<void>((resolve) => {
    drop();
    monotonicClock.after(1, () => {
      calls.push('made');
      resolve();
    });
  });
  assert.deepEqual(calls, ['made']);
});

test('a call for the far future does not come at once', async () => {
  const drop = monotonicClock.after(2 ** 40, () => assert.fail('it came'));
  await new Promise<void>((resolve) => {
    monotonicClock.after(2, resolve);
  });
  drop();
});

test('the end of a turn comes after the reads that are ready', async () => {
  const { port1, port2 } = new MessageChannel();
  const order: string[] = [];
  port2.on('message', () => order.push('read'));
  await new Promise<void>((resolve) => {
    setImmediate(() => {
      monotonicClock.endOfTurn(() => {
        order.push('end');
        resolve();
      });
      port1.postMessage('ready to be read');
    });
  });
  port1.close();
  assert.deepEqual(order, ['read', 'end']);
});

test('precise calls of two clocks come, unless they were dropped', async () => {
  const calls: string[] = [];
  const other = createClock();
  monotonicClock.afterUs(100, () => calls.push('dropped'))();
  monotonicClock.afterUs(200, () => calls.push('ours'));
  other.afterUs(2700, () => calls.push('theirs'));
  await eventually(() => calls.length === 2, 'both calls');
  assert.deepEqual(calls, ['ours', 'theirs']);
});

test('a wall-clock time keeps its distance from now on the process clock, and no time stays none', () => {
  const before = nowUs();
  const soon = fromWallMs(Date.now() + 5000);
  const after = nowUs();
  // The wall clock tells whole milliseconds.
  assert.ok(before + 4_998_000 <= soon && soon <= after + 5_002_000, `${soon - before}`);
  assert.ok(fromWallMs(Date.now() - 5000) < after);
  assert.equal(fromWallMs(Infinity), Infinity);
});
