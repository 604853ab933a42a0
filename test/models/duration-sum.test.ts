import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DurationSum, sumTotals } from '../../src/models/duration-sum.js';

const years100Us = 100 * 365 * 24 * 3600 * 1e6;

/** As exact as a double tells it. */
const durationsUs = fc.oneof(
  fc.double({ min: 0, max: 1e6, noNaN: true }),
  fc.integer({ min: 0, max: 2 ** 43 }),
  fc.constantFrom(0, 999_999.999, 1_000_000, 1_000_000.001),
);

test('a sum is the sum of the durations in whole nanoseconds, beyond what a number holds', () => {
  fc.assert(
    fc.property(fc.array(durationsUs, { maxLength: 100 }), (durations) => {
      const sum = new DurationSum();
      let ns = 0n;
      for (const duration of durations) {
        sum.add(duration);
        ns += BigInt(Math.round(duration * 1000));
      }
      assert.deepEqual(sum.total, { count: durations.length, ns });
    }),
    { seed: 3, numRuns: 300 },
  );
});

test('a nanosecond counts after a hundred years', () => {
  const sum = new DurationSum();
  for (let part = 0; part < 1000; part++) sum.add(years100Us / 1000);
  sum.add(0.001);
  assert.deepEqual(sum.total, { count: 1001, ns: BigInt(years100Us) * 1000n + 1n });
});

test('a duration below zero counts and adds nothing', () => {
  const sum = new DurationSum();
  sum.add(-5);
  sum.add(-0.0001);
  sum.add(2);
  assert.deepEqual(sum.total, { count: 3, ns: 2000n });
});

test('totals add up by count and by time', () => {
  const totals = [
    { count: 1, ns: 2n ** 60n },
    { count: 2, ns: 1n },
  ];
  assert.deepEqual(sumTotals(totals), { count: 3, ns: 2n ** 60n + 1n });
  assert.deepEqual(sumTotals([]), { count: 0, ns: 0n });
});
