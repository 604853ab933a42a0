import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { RunWatch, type SlowRuns } from '../../src/instances/run-watch.js';

/** What is told of runs that end so long after each other, by the run that made it so. */
function watch(runsUs: readonly number[], stepUs = 1000): Map<number, SlowRuns> {
  const watch = new RunWatch();
  const told = new Map<number, SlowRuns>();
  for (const [at, runUs] of runsUs.entries()) {
    const slow = watch.observe(runUs, at * stepUs);
    if (slow !== undefined) told.set(at, slow);
  }
  return told;
}

const times = (count: number, runUs: number): number[] => Array<number>(count).fill(runUs);

test('short runs are never told of, however many', () => {
  assert.equal(watch(times(10_000, 100)).size, 0);
});

test('half of the latest 32 runs being longer than 100 µs is told of, with the figures', () => {
  const told = watch([...times(200, 20), ...times(15, 150), ...times(17, 20), ...times(16, 160)]);
  assert.deepEqual([...told], [[247, { medianUs: 160, longestUs: 160, runCount: 32 }]]);
});

test('the first 128 runs may be slower', () => {
  assert.equal(watch([...times(128, 900), ...times(1000, 20)]).size, 1);
  assert.equal(watch([...times(111, 900), ...times(1000, 20)]).size, 0);
  assert.deepEqual([...watch(times(130, 900)).keys()], [128]);
});

test('two runs of more than 10 ms among the latest 32 are taken for accidents, a third is not', () => {
  const rest = times(15, 20);
  assert.equal(watch([20_000, ...rest, 20_000, ...rest, 20_000, ...rest, 20_000]).size, 0);
  assert.deepEqual([...watch([20_000, 20, 20_000, 20, 20_000]).keys()], [4]);
});

test('what stays slow is told of every 30 seconds', () => {
  assert.deepEqual([...watch(times(200, 200), 1_000_000).keys()], [128, 158, 188]);
});

test('it tells of the same runs as a plain look at the latest ones does', () => {
  const runUs = fc.oneof(
    fc.integer({ min: 1, max: 200 }),
    fc.nat(40).map((n) => (n === 0 ? 20_000 : 90)),
  );
  fc.assert(
    fc.property(fc.array(runUs, { minLength: 100, maxLength: 300 }), (runsUs) => {
      const first = runsUs.findIndex((_, at) => {
        const latest = runsUs.slice(Math.max(0, at - 31), at + 1);
        const over = (us: number): number => latest.filter((one) => one > us).length;
        return (at >= 128 && over(100) >= 16) || over(10_000) >= 3;
      });
      assert.equal([...watch(runsUs).keys()][0] ?? -1, first);
    }),
    { seed: 7, numRuns: 300 },
  );
});
