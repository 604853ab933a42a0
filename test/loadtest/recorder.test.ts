import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Recorder } from '../../src/loadtest/recorder.js';

const times = fc.array(
  fc.oneof(fc.nat(300), fc.nat(100_000), fc.nat(2 ** 31 - 1), fc.constantFrom(255, 256, 257, 511, 512, 513)),
  { minLength: 1, maxLength: 200 },
);
const shares = fc.double({ min: 0, max: 1, noNaN: true });

function recorded(us: readonly number[]): Recorder {
  const recorder = new Recorder();
  for (const one of us) recorder.record(one);
  return recorder;
}

function exactQuantile(us: readonly number[], share: number): number {
  const sorted = [...us].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(share * us.length)) - 1]!;
}

test('a quantile is never below the exact one and at most 1/128 above it', () => {
  fc.assert(
    fc.property(times, shares, (us, share) => {
      const exact = exactQuantile(us, share);
      const told = recorded(us).quantileUs(share);
      assert.ok(told >= exact && told <= exact + exact / 128, `${told} for ${exact}`);
    }),
  );
});

test('a quantile of times below 256 µs is exact', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(255), { minLength: 1 }), shares, (us, share) => {
      assert.equal(recorded(us).quantileUs(share), exactQuantile(us, share));
    }),
  );
});

test('count, mean and maximum are exact', () => {
  fc.assert(
    fc.property(times, (us) => {
      const recorder = recorded(us);
      assert.equal(recorder.count, us.length);
      assert.equal(recorder.maxUs, Math.max(...us));
      assert.equal(recorder.meanUs, us.reduce((sum, one) => sum + one, 0) / us.length);
    }),
  );
});

test('a recorder that others were added to is as if it had recorded all itself', () => {
  fc.assert(
    fc.property(times, times, (some, others) => {
      const sum = recorded(some);
      sum.add(recorded(others).data);
      assert.deepEqual(sum.data, recorded([...some, ...others]).data);
      assert.equal(sum.count, some.length + others.length);
    }),
  );
});

test('times beyond the last bucket count as the largest', () => {
  const recorder = recorded([2 ** 40, -5]);
  assert.equal(recorder.maxUs, 2 ** 31 - 1);
  assert.equal(recorder.quantileUs(0), 0);
});

test('a recorder with nothing in it tells zeros', () => {
  const recorder = new Recorder();
  assert.deepEqual([recorder.quantileUs(0.99), recorder.meanUs, recorder.maxUs], [0, 0, 0]);
});
