import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget } from '../../src/cli/shut-down.js';
import { FakeClock } from '../support/fake-clock.js';

interface Spending {
  readonly time: FakeClock;
  readonly seconds: number[];
  readonly spend: (work: Promise<void>) => Promise<boolean>;
}

function spending(secs: number): Spending {
  const time = new FakeClock();
  const budget = new Budget(secs, time);
  const seconds: number[] = [];
  return { time, seconds, spend: (work) => budget.spend(work, (left) => seconds.push(left)) };
}

/** Work whose end the test decides. */
function openWork(): { promise: Promise<void>; done: () => void; fail: (error: Error) => void } {
  let done = (): void => {};
  let fail = (_error: Error): void => {};
  const promise = new Promise<void>((resolve, reject) => {
    [done, fail] = [resolve, reject];
  });
  return { promise, done, fail };
}

const never = (): Promise<void> => openWork().promise;

test('work that is done spends nothing and leaves no timer behind', async () => {
  const { spend, time, seconds } = spending(3);
  assert.equal(await spend(Promise.resolve()), true);
  assert.equal(time.waitsMs.length, 0);
  assert.deepEqual(seconds, []);
});

test('each second that work takes is told with what is left', async () => {
  const { spend, time, seconds } = spending(3);
  const work = openWork();
  const outcome = spend(work.promise);
  time.advance(999);
  assert.deepEqual(seconds, []);
  time.advance(1);
  assert.deepEqual(seconds, [2]);
  time.advance(1500);
  assert.deepEqual(seconds, [2, 1]);
  work.done();
  assert.equal(await outcome, true);
  assert.equal(time.waitsMs.length, 0);
});

test('work that outlasts the budget ends the wait with its last second', async () => {
  const { spend, time, seconds } = spending(2);
  const outcome = spend(never());
  time.advance(5000);
  assert.equal(await outcome, false);
  assert.deepEqual(seconds, [1, 0]);
  assert.equal(time.waitsMs.length, 0);
});

test('a second wait has only what the first has left', async () => {
  const { spend, time, seconds } = spending(3);
  const first = openWork();
  const waited = spend(first.promise);
  time.advance(2000);
  first.done();
  assert.equal(await waited, true);
  const second = spend(never());
  time.advance(1000);
  assert.equal(await second, false);
  assert.deepEqual(seconds, [2, 1, 0]);
});

test('without a second left, work still gets the moment that idle things need', async () => {
  const quick = spending(0);
  const work = openWork();
  const outcome = quick.spend(work.promise);
  quick.time.advance(99);
  work.done();
  assert.equal(await outcome, true);
  const slow = spending(0);
  const lost = slow.spend(never());
  slow.time.advance(100);
  assert.equal(await lost, false);
  assert.deepEqual([...quick.seconds, ...slow.seconds], []);
});

test('work that fails ends the wait with its error and leaves no timer behind', async () => {
  const { spend, time } = spending(3);
  const work = openWork();
  const outcome = spend(work.promise);
  work.fail(new Error('broken'));
  await assert.rejects(outcome, { message: 'broken' });
  assert.equal(time.waitsMs.length, 0);
});
