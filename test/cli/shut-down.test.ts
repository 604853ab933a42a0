import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget, type Timer } from '../../src/cli/shut-down.js';

/** Time that passes only when it is told to. */
class FakeTime {
  #now = 0;
  readonly #waiting = new Set<{ readonly at: number; readonly callBack: () => void }>();

  readonly timer: Timer = (ms, callBack) => {
    const entry = { at: this.#now + ms, callBack };
    this.#waiting.add(entry);
    return () => this.#waiting.delete(entry);
  };

  get waitingCount(): number {
    return this.#waiting.size;
  }

  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#waiting].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#waiting.delete(next);
      this.#now = next.at;
      next.callBack();
    }
    this.#now = end;
  }
}

interface Spending {
  readonly time: FakeTime;
  readonly seconds: number[];
  readonly spend: (work: Promise<void>) => Promise<boolean>;
}

function spending(secs: number): Spending {
  const time = new FakeTime();
  const budget = new Budget(secs, time.timer);
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
  assert.equal(time.waitingCount, 0);
  assert.deepEqual(seconds, []);
});

test('each second that work takes is told with what is left', async () => {
  const { spend, time, seconds } = spending(3);
  const work = openWork();
  const outcome = spend(work.promise);
  time.pass(999);
  assert.deepEqual(seconds, []);
  time.pass(1);
  assert.deepEqual(seconds, [2]);
  time.pass(1500);
  assert.deepEqual(seconds, [2, 1]);
  work.done();
  assert.equal(await outcome, true);
  assert.equal(time.waitingCount, 0);
});

test('work that outlasts the budget ends the wait with its last second', async () => {
  const { spend, time, seconds } = spending(2);
  const outcome = spend(never());
  time.pass(5000);
  assert.equal(await outcome, false);
  assert.deepEqual(seconds, [1, 0]);
  assert.equal(time.waitingCount, 0);
});

test('a second wait has only what the first has left', async () => {
  const { spend, time, seconds } = spending(3);
  const first = openWork();
  const waited = spend(first.promise);
  time.pass(2000);
  first.done();
  assert.equal(await waited, true);
  const second = spend(never());
  time.pass(1000);
  assert.equal(await second, false);
  assert.deepEqual(seconds, [2, 1, 0]);
});

test('without a second left, work still gets the moment that idle things need', async () => {
  const quick = spending(0);
  const work = openWork();
  const outcome = quick.spend(work.promise);
  quick.time.pass(99);
  work.done();
  assert.equal(await outcome, true);
  const slow = spending(0);
  const lost = slow.spend(never());
  slow.time.pass(100);
  assert.equal(await lost, false);
  assert.deepEqual([...quick.seconds, ...slow.seconds], []);
});

test('work that fails ends the wait with its error and leaves no timer behind', async () => {
  const { spend, time } = spending(3);
  const work = openWork();
  const outcome = spend(work.promise);
  work.fail(new Error('broken'));
  await assert.rejects(outcome, { message: 'broken' });
  assert.equal(time.waitingCount, 0);
});
