import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ThreadInstance } from '../../src/instances/instance.js';
import { lowerThreadPriority, niceOf } from '../../src/instances/priority.js';
import { openMessage } from '../support/instance.js';

const linux = existsSync('/proc/thread-self');

const nice = (threadCount: number, fewest: number): number => niceOf({ threadCount, fewest });

test('an instance is always behind the event loop, and further the more threads its model has', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 7, 8, 64].map((threads) => nice(threads, 1)),
    [1, 1, 4, 6, 7, 10, 10, 10],
  );
});

test('a model that has as many threads as any other gives way to none', () => {
  assert.deepEqual([nice(8, 8), nice(2, 4), nice(0, 0), nice(16, 8)], [1, 1, 1, 4]);
});

test('up to eight times as many threads weigh about as much as the fewest', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }), (times, fewest) => {
      const weight = times * 1.25 ** (nice(fewest, fewest) - nice(times * fewest, fewest));
      assert.ok(weight > 0.85 && weight < 1.15, `${times} times as many threads weigh ${weight}`);
    }),
  );
});

/** How many threads of this process are so far behind its main thread. */
function countThreads(steps: number): number {
  return readdirSync('/proc/self/task').filter((id) => {
    try {
      const fields = readFileSync(`/proc/self/task/${id}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return Number(fields[16]) - getPriority(process.pid) === steps;
    } catch {
      return false;
    }
  }).length;
}

test('the thread of an instance and its intra-op threads run behind the rest', { skip: !linux }, async () => {
  const steps = Math.min(5, 19 - getPriority(process.pid));
  const own = getPriority(process.pid);
  const model = await openMessage('identity_fp32');
  // ONNX Runtime starts a thread of its own with the first session of a process.
  const first = await ThreadInstance.open({ ...model, nice: 0 }, { onDeath() {} });
  const instance = await ThreadInstance.open({ ...model, nice: steps, intraOpThreads: 3 }, { onDeath() {} });
  try {
    assert.equal(countThreads(steps), 3);
    assert.equal(getPriority(process.pid), own);
  } finally {
    await instance.close();
    await first.close();
  }
});

test('a system whose threads have no priority of their own is left as it is', () => {
  const own = getPriority(process.pid);
  lowerThreadPriority(5, '/proc/there is no such link');
  lowerThreadPriority(5, process.execPath);
  assert.equal(getPriority(process.pid), own);
});
