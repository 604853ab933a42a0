import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpectedWait } from '../../src/scheduling/expected-wait.js';

function learnt(runUs: number, count = 100): ExpectedWait {
  const wait = new ExpectedWait();
  for (let run = 0; run < count; run++) wait.observe(runUs);
  return wait;
}

test('nothing is hopeless before a hundred runs were seen', () => {
  assert.equal(learnt(1000, 99).hopeless(1, 50, 1), false);
  assert.equal(learnt(1000, 100).hopeless(1, 50, 1), true);
});

for (const [leftUs, runsBefore, instances, hopeless] of [
  // Ten runs of 1 ms before it: 10 ms, which is 1.5 times 6,667 us.
  [6667, 10, 1, false],
  [6666, 10, 1, true],
  [3334, 10, 2, false],
  [3333, 10, 2, true],
  [Infinity, 1e9, 1, false],
  // Nothing before it: it begins at once.
  [1, 0, 1, false],
  [0, 0, 1, false],
  // Its time is over already.
  [-1, 0, 1, true],
  [0, 0.125, 1, true],
  // No instance is alive just now: one is being started.
  [6667, 10, 0, false],
] as const) {
  test(`with ${leftUs} us left, ${runsBefore} runs of 1 ms before it and ${instances} instances it is ${hopeless ? '' : 'not '}hopeless`, () => {
    assert.equal(learnt(1000).hopeless(leftUs, runsBefore, instances), hopeless);
  });
}

test('the estimate follows the runs, one of a kind does not change it much', () => {
  const wait = learnt(1000);
  wait.observe(3000);
  assert.equal(wait.hopeless(6667, 8, 1), false);
  for (let run = 0; run < 100; run++) wait.observe(3000);
  assert.equal(wait.hopeless(6667, 8, 1), true);
});
