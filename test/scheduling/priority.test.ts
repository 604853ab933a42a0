import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Entry } from '../../src/scheduling/entry.js';
import { PriorityQueue } from '../../src/scheduling/priority.js';
import { newEntry, plainBatching } from '../support/batches.js';
import { batchingSpecs, scripts } from '../support/batching-scripts.js';
import { NaiveQueue } from '../support/naive-queue.js';

function inOrder(queue: PriorityQueue): Entry[] {
  const entries: Entry[] = [];
  for (let entry = queue.first(); entry !== undefined; entry = queue.after(entry)) entries.push(entry);
  return entries;
}

test('a queue serves as its rules say, whatever arrives, leaves and is late', () => {
  fc.assert(
    fc.property(scripts, batchingSpecs, (script, rules) => {
      const queue = new PriorityQueue(rules);
      const twin = new NaiveQueue(rules);
      const all: Entry[] = [];
      let nowUs = 0;
      for (const step of script) {
        if (step.kind === 'offer') {
          const entry = newEntry({ ...step, atUs: nowUs });
          all.push(entry);
          queue.admit(entry);
          assert.deepEqual([entry.level, entry.deadlineUs], [twin.levelOf(entry), twin.deadlineOf(entry)]);
          assert.equal(queue.rowsUpTo(entry.level), twin.rowsBefore(entry.level));
          assert.equal(queue.push(entry), twin.push(entry));
          assert.ok(twin.countAt(entry.level) <= twin.policyOf(entry.level).sizeMax);
        } else if (step.kind === 'wait') {
          nowUs += step.us;
          assert.deepEqual(queue.expire(nowUs), twin.expire(nowUs));
        } else {
          const entry = step.kind === 'pull' ? queue.first() : all[step.which % Math.max(1, all.length)];
          if (entry === undefined) continue;
          assert.equal(queue.remove(entry), twin.remove(entry));
        }
        const expected = twin.inOrder();
        assert.deepEqual(
          inOrder(queue).map((entry) => all.indexOf(entry)),
          expected.map((entry) => all.indexOf(entry)),
        );
        assert.equal(queue.size, expected.length);
        assert.equal(
          queue.rows,
          expected.reduce((rows, entry) => rows + entry.rows, 0),
        );
        assert.equal(queue.nextDeadlineUs, twin.nextDeadlineUs);
      }
    }),
    { numRuns: 300 },
  );
});

test('only a request that its policy would reject is useless after its time', () => {
  const policy = { timeoutUs: 50, overridable: false, sizeMax: Infinity };
  for (const [action, uselessUs] of [
    ['reject', 60],
    ['delay', Infinity],
  ] as const) {
    const queue = new PriorityQueue({ ...plainBatching, defaultPolicy: { ...policy, action } });
    const entry = newEntry({ atUs: 10 });
    queue.admit(entry);
    assert.deepEqual([entry.deadlineUs, entry.uselessUs], [60, uselessUs]);
  }
});

test('a level exists for each priority that was used, however many are allowed', () => {
  const queue = new PriorityQueue({ ...plainBatching, levelCount: 2 ** 40, defaultLevel: 2 ** 39 });
  const entries = [2 ** 40, 0, 1].map((priority) => newEntry({ priority }));
  for (const entry of entries) {
    queue.admit(entry);
    queue.push(entry);
  }
  assert.deepEqual(inOrder(queue), entries.toReversed());
});
