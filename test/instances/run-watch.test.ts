import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { RunWatch, type SlowRuns } from '../../src/instances/run-watch.js';

/** What is told of runs that end so long after each other, by the run that made it so. */
function watch(runsUs: readonly number[], stepUs = 5000): Map<number, SlowRuns> {
  const watch = new RunWatch();
  const told = new Map<number, SlowRuns>();
  for (const [at, runUs] of runsUs.entries()) {
    const slow = watch.observe(runUs, at * stepUs);
    if (slow !== undefined) told.set(at, slow);
  }
  return told;
}

const times = (count: number, runUs: number): number[] => Array<number>(count).fill(runUs);

test('runs of at most 100 µs are never told of, however many', () => {
  assert.equal(watch(times(10_000, 100)).size, 0);
});

test('more than half of 256 runs being longer is told of, with the figures', () => {
  const half = [...times(128, 150), ...times(128, 20)];
  assert.equal(watch([...half, ...half, ...half]).size, 0);
  const more = [...times(128, 150), 9000, ...times(127, 20)];
  assert.deepEqual(
    [...watch([...half, ...more])],
    [[511, { runCount: 256, slowCount: 129, longestUs: 9000 }]],
  );
});

test('runs that come fast are looked at for a second', () => {
  const told = watch([...times(9000, 150), ...times(900, 20), ...times(10_000, 150)], 100);
  assert.deepEqual([...told], [[9999, { runCount: 10_000, slowCount: 9100, longestUs: 150 }]]);
  assert.equal(watch([...times(4900, 150), ...times(5200, 20)], 100).size, 0);
});

test('two runs of more than 10 ms among 32 are taken for accidents, a third is not', () => {
  const rest = times(15, 20);
  assert.equal(watch([20_000, ...rest, 20_000, ...rest, 20_000, ...rest, 20_000]).size, 0);
  const told = watch([20, 20_000, 20, 30_000, 20, 20_000]);
  assert.deepEqual([...told], [[5, { runCount: 6, slowCount: 3, longestUs: 30_000 }]]);
});

test('what stays slow is told of again after 30 seconds', () => {
  const [first, second, ...others] = [...watch(times(3 * 256 * 25, 200)).keys()];
  assert.equal(first, 255);
  assert.ok(second! * 5000 >= 255 * 5000 + 30_000_000 && second! * 5000 < 255 * 5000 + 32_000_000);
  assert.ok(others.length > 0);
  assert.deepEqual([...watch(times(100, 20_000), 1_000_000).keys()], [2, 32, 62, 92]);
});

test('of long runs it tells as soon as a plain look at the latest ones would', () => {
  const runUs = fc.nat(12).map((n) => (n === 0 ? 20_000 : 90));
  fc.assert(
    fc.property(fc.array(runUs, { maxLength: 200 }), (runsUs) => {
      const first = runsUs.findIndex(
        (_, at) => runsUs.slice(Math.max(0, at - 31), at + 1).filter((us) => us > 10_000).length >= 3,
      );
      assert.equal([...watch(runsUs).keys()][0] ?? -1, first);
    }),
    { seed: 7, numRuns: 300 },
  );
});
