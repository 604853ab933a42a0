import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ThreadInstance } from '../../src/instances/instance.js';
import { lowerThreadPriority, niceOf } from '../../src/instances/priority.js';
import { openMessage } from '../support/instance.js';

const linux = existsSync('/proc/thread-self');

test('an instance is always behind the event loop, and further the more threads its model has', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 7, 8, 64].map(niceOf), [1, 1, 4, 6, 7, 10, 10, 10]);
});

test('up to eight threads together weigh about as much as one thread of another model', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), (threadCount) => {
      const weight = threadCount * 1.25 ** -(niceOf(threadCount) - niceOf(1));
      assert.ok(weight > 0.85 && weight < 1.15, `${threadCount} threads weigh ${weight}`);
    }),
  );
});

/** How many threads of this process are so far behind its main thread. */
function countThreads(nice: number): number {
  return readdirSync('/proc/self/task').filter((id) => {
    try {
      const fields = readFileSync(`/proc/self/task/${id}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return Number(fields[16]) - getPriority(process.pid) === nice;
    } catch {
      return false;
    }
  }).length;
}

test('the thread of an instance and its intra-op threads run behind the rest', { skip: !linux }, async () => {
  const nice = Math.min(5, 19 - getPriority(process.pid));
  const own = getPriority(process.pid);
  const model = await openMessage('identity_fp32');
  // ONNX Runtime starts a thread of its own with the first session of a process.
  const first = await ThreadInstance.open({ ...model, nice: 0 }, { onDeath() {} });
  const instance = await ThreadInstance.open({ ...model, nice, intraOpThreads: 3 }, { onDeath() {} });
  try {
    assert.equal(countThreads(nice), 3);
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
