import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicClock } from '../../src/inference/clock.js';

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
