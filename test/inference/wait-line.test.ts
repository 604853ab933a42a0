import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { WaitLine, type Wait } from '../../src/inference/wait-line.js';

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('add' as const), dueUs: fc.integer({ min: 0, max: 8 }) }),
    fc.record({ kind: fc.constant('remove' as const), at: fc.nat({ max: 30 }) }),
  ),
  { maxLength: 60 },
);

function whole(line: WaitLine): Wait[] {
  const waits: Wait[] = [];
  for (let wait = line.first; wait !== undefined; wait = wait.after) waits.push(wait);
  return waits;
}

test('whatever is added and removed, waits stand by their time and then by their coming', () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const line = new WaitLine();
      const added: Wait[] = [];
      const removed = new Set<Wait>();
      for (const step of steps) {
        if (step.kind === 'add') added.push(line.add(step.dueUs, () => undefined));
        else {
          const wait = added[step.at];
          if (wait === undefined) continue;
          assert.equal(line.remove(wait), !removed.has(wait));
          removed.add(wait);
        }
      }
      // Sorting is stable.
      const expected = added.filter((wait) => !removed.has(wait)).sort((a, b) => a.dueUs - b.dueUs);
      assert.ok(whole(line).every((wait, index) => wait === expected[index]));
      assert.equal(whole(line).length, expected.length);
    }),
    { seed: 20_261_121, numRuns: 500 },
  );
});
