import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from './fake-clock.js';

test('a fake clock makes calls when it passes their time, whatever their unit', () => {
  const clock = new FakeClock();
  const calls: string[] = [];
  const note = (what: string) => () => void calls.push(`${what} at ${clock.nowUs()}`);
  clock.after(1, note('ms'));
  clock.afterUs(250, note('µs'));
  clock.afterUs(300, note('dropped'))();
  clock.advanceUs(249);
  assert.deepEqual(calls, []);
  clock.advanceUs(1);
  clock.advance(1);
  assert.deepEqual(calls, ['µs at 250', 'ms at 1000']);
  assert.equal(clock.nowUs(), 1250);
});

test('a fake turn ends when the test says so, and once for each call', () => {
  const clock = new FakeClock();
  const calls: string[] = [];
  clock.endOfTurn(() => {
    calls.push('first');
    clock.endOfTurn(() => calls.push('next turn'));
  });
  clock.advance(1000);
  assert.deepEqual(calls, []);
  clock.turn();
  assert.deepEqual(calls, ['first']);
  clock.turn();
  clock.turn();
  assert.deepEqual(calls, ['first', 'next turn']);
});
