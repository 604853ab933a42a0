import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { CostCurve } from '../../src/scheduling/cost-curve.js';
import { Random } from '../support/random.js';

function learn(sizes: readonly number[], tookUs: (rows: number) => number): CostCurve {
  const curve = new CostCurve();
  for (let round = 0; round < 30; round++) for (const rows of sizes) curve.observe(rows, tookUs(rows));
  return curve;
}

function near(actual: number, expected: number, share: number): void {
  assert.ok(
    Math.abs(actual - expected) <= share * expected,
    `${actual} is not within ${share} of ${expected}`,
  );
}

test('a line is learnt from a few sizes and holds for those that were not run', () => {
  const curve = learn([1, 4, 20, 64], (rows) => 300 + 5 * rows);
  near(curve.fixedUs, 300, 0.02);
  near(curve.rowUs, 5, 0.05);
  near(curve.at(40), 500, 0.03);
  near(curve.at(128), 940, 0.05);
});

test('a size that was run often is known by its own average, on the line or not', () => {
  const curve = learn([1, 2, 8], (rows) => (rows === 8 ? 900 : 200 + rows));
  near(curve.at(8), 900, 0.01);
  near(curve.at(1), 201, 0.01);
});

test('noise and runs that were interrupted move the curve little', () => {
  const random = new Random(5);
  const noisy = (rows: number): number =>
    (300 + 10 * rows) * (0.8 + random.below(400) / 1000) + (random.below(50) === 0 ? 20_000 : 0);
  const curve = learn([1, 2, 4, 8, 16, 32, 64], noisy);
  near(curve.at(1), 310, 0.2);
  near(curve.at(64), 940, 0.2);
});

test('a first run that took long is forgotten soon', () => {
  const curve = new CostCurve();
  curve.observe(1, 50_000);
  for (let run = 0; run < 12; run++) curve.observe(1, 200);
  near(curve.at(1), 200, 0.15);
});

test('with one size only, its time is taken for what a run costs whatever its rows', () => {
  const curve = learn([1], () => 250);
  near(curve.fixedUs, 250, 0.01);
  assert.equal(curve.rowUs, 0);
});

test('nothing learnt is a cost of nothing', () => {
  const curve = new CostCurve();
  assert.deepEqual([curve.at(3), curve.fixedUs, curve.rowUs, curve.runCount], [0, 0, 0, 0]);
  assert.deepEqual(curve.toPoints(), []);
});

test('the line is finite and never negative, whatever runs took, and the points are few', () => {
  const runs = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 1_000_000 }), fc.double({ min: 1e-9, max: 1e15, noNaN: true })),
    {
      maxLength: 200,
    },
  );
  fc.assert(
    fc.property(runs, (all) => {
      const curve = new CostCurve();
      for (const [rows, tookUs] of all) curve.observe(rows, tookUs);
      for (const value of [curve.fixedUs, curve.rowUs])
        assert.ok(Number.isFinite(value) && value >= 0, `${value}`);
      for (const { runUs } of curve.toPoints()) assert.ok(Number.isFinite(runUs) && runUs >= 0);
      assert.ok(curve.toPoints().length <= 96);
      assert.ok(Number.isFinite(curve.at(7)));
    }),
    { seed: 3, numRuns: 200 },
  );
});
