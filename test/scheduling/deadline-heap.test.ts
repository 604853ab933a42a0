import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DeadlineHeap } from '../../src/scheduling/deadline-heap.js';
import type { Entry } from '../../src/scheduling/entry.js';
import { newEntry } from '../support/batches.js';

type Step =
  | { readonly kind: 'push'; readonly deadlineUs: number }
  | { readonly kind: 'remove' | 'push-again'; readonly which: number }
  | { readonly kind: 'expire'; readonly nowUs: number };

// Few deadlines, so that many are equal.
const timeUs = fc.nat(12);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('push'), deadlineUs: timeUs }) },
  fc.record({ kind: fc.constantFrom('remove', 'push-again'), which: fc.nat(99) }),
  fc.record({ kind: fc.constant('expire'), nowUs: timeUs }),
);

/** Those inside, by deadline, of equal ones the first that came. */
function sorted(inside: readonly Entry[]): Entry[] {
  return inside.toSorted((a, b) => a.deadlineUs - b.deadlineUs);
}

test('the entry with the nearest deadline leaves first, of equal ones the first that came, and none twice', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const heap = new DeadlineHeap();
      const all: Entry[] = [];
      let inside: Entry[] = [];
      for (const next of steps) {
        if (next.kind === 'push') {
          const entry = newEntry();
          entry.deadlineUs = next.deadlineUs;
          all.push(entry);
          inside.push(entry);
          heap.push(entry);
        } else if (next.kind === 'expire') {
          const [nearest] = sorted(inside);
          const expected = nearest !== undefined && nearest.deadlineUs <= next.nowUs ? nearest : undefined;
          assert.equal(heap.takeExpired(next.nowUs), expected);
          inside = inside.filter((entry) => entry !== expected);
        } else {
          const entry = all[next.which % Math.max(1, all.length)];
          if (entry === undefined) continue;
          const here = inside.includes(entry);
          if (next.kind === 'remove') {
            heap.remove(entry);
            inside = inside.filter((other) => other !== entry);
          } else if (!here) {
            heap.push(entry);
            inside.push(entry);
          }
        }
        assert.equal(heap.nearestUs, sorted(inside)[0]?.deadlineUs ?? Infinity);
      }
      const left: (Entry | undefined)[] = inside.map(() => heap.takeExpired(Infinity));
      assert.deepEqual(left, sorted(inside));
      assert.equal(heap.takeExpired(Infinity), undefined);
    }),
    { numRuns: 300 },
  );
});
