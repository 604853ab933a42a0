import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { QuantileSketch } from '../../src/telemetry/quantile-sketch.js';
import { Summary } from '../../src/telemetry/summary.js';

const wanted = [
  { quantile: 0.5, error: 0.05 },
  { quantile: 0.9, error: 0.01 },
  { quantile: 0.95, error: 0.001 },
  { quantile: 0.99, error: 0.001 },
  { quantile: 0.999, error: 0.001 },
];

function ascending(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}

/** By how many ranks a value is away from where its quantile lies; equal values have several ranks. */
function rankError(sorted: Float64Array, value: number, quantile: number): number {
  const low = sorted.findIndex((one) => one >= value) + 1;
  const high = sorted.findLastIndex((one) => one <= value) + 1;
  const rank = quantile * sorted.length;
  return Math.max(0, low - rank, rank - high);
}

test('the rank of every quantile is off by no more than its error and one, whatever came in which portions', () => {
  const value = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.double({ min: 0, max: 1e9, noNaN: true }));
  const portions = fc.array(fc.array(value, { minLength: 1, maxLength: 500 }), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(portions, (given) => {
      const sketch = new QuantileSketch(wanted);
      for (const portion of given) sketch.add(ascending(portion));
      const all = ascending(given.flat());
      for (const { quantile, error } of wanted) {
        const told = sketch.read(quantile);
        assert.ok(all.includes(told));
        const off = rankError(all, told, quantile);
        assert.ok(off <= error * all.length + 1, `${quantile} is off by ${off} of ${all.length}`);
      }
    }),
    { seed: 7, numRuns: 150 },
  );
});

test('a hundred thousand values are kept as some hundred, and quantiles hold', () => {
  const sketch = new QuantileSketch(wanted);
  const values = Array.from({ length: 100_000 }, (_, index) => (index * 7919) % 100_003);
  for (let start = 0; start < values.length; start += 512)
    sketch.add(ascending(values.slice(start, start + 512)));
  assert.ok(sketch.keptCount < 2000, `${sketch.keptCount} are kept`);
  const all = ascending(values);
  for (const { quantile, error } of wanted) {
    assert.ok(rankError(all, sketch.read(quantile), quantile) <= error * all.length + 1);
  }
});

test('a sketch of nothing has no quantiles', () => {
  assert.ok(Number.isNaN(new QuantileSketch(wanted).read(0.5)));
});

test('a summary counts and sums for ever, and its quantiles forget what is older than a minute', () => {
  let nowMs = 0;
  const summary = new Summary([{ quantile: 0.5, error: 0.01 }], () => nowMs);
  const read = (): (number | string)[] =>
    summary.samples({ model: 'm' }).map(({ value, suffix = '' }) => suffix || value);
  const values = (): number[] => summary.samples({}).map(({ value }) => value);
  assert.deepEqual(values(), [NaN, 0, 0]);
  for (let count = 0; count < 1000; count++) summary.observe(5);
  assert.deepEqual(read(), [5, '_sum', '_count']);
  nowMs = 40_000;
  for (let count = 0; count < 3000; count++) summary.observe(7);
  assert.deepEqual(values(), [7, 26_000, 4000]);
  nowMs = 61_000;
  for (let count = 0; count < 10; count++) summary.observe(9);
  assert.deepEqual(values(), [7, 26_090, 4010]);
  nowMs = 101_000;
  assert.deepEqual(values(), [9, 26_090, 4010]);
  nowMs = 1_000_000;
  assert.deepEqual(values(), [NaN, 26_090, 4010]);
});
