import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { Allowance } from '../../src/http2/limits.js';

const at = (ms: number) => () => ms;

function takeAll(allowance: Allowance, ms: number): number {
  let count = 0;
  while (count < 100_000 && allowance.take(at(ms))) count++;
  return count;
}

describe('an allowance', () => {
  test('lets four seconds of its rate come at once, then as much as time brings', () => {
    const allowance = new Allowance(10, 1000);
    assert.equal(takeAll(allowance, 1000), 40);
    assert.equal(takeAll(allowance, 1099), 0);
    assert.equal(takeAll(allowance, 1100), 1);
    assert.equal(takeAll(allowance, 2100), 10);
    assert.equal(takeAll(allowance, 1_000_000), 40);
  });

  test('loses nothing to looks that come too early', () => {
    const allowance = new Allowance(10, 0);
    takeAll(allowance, 0);
    for (let ms = 1; ms < 100; ms++) assert.equal(allowance.take(at(ms)), false);
    assert.ok(allowance.take(at(100.1)));
  });

  test('gives back what is earned, up to its most', () => {
    const allowance = new Allowance(10, 0);
    takeAll(allowance, 0);
    allowance.earn(3);
    assert.equal(takeAll(allowance, 0), 3);
    allowance.earn(1000);
    assert.equal(takeAll(allowance, 0), 40);
  });

  test('reads no clock while something is left', () => {
    const allowance = new Allowance(1, 0);
    const noClock = (): number => {
      throw new Error('the clock was read');
    };
    for (let taken = 0; taken < 4; taken++) assert.ok(allowance.take(noClock));
    assert.throws(() => allowance.take(noClock));
  });

  test('never lets more come than its burst and its rate', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.array(fc.tuple(fc.nat(500), fc.nat(200)), { maxLength: 50 }),
        (perSecond, steps) => {
          const allowance = new Allowance(perSecond, 0);
          let now = 0;
          let taken = 0;
          for (const [laterMs, wanted] of steps) {
            now += laterMs;
            for (let n = 0; n < wanted; n++) if (allowance.take(at(now))) taken++;
            assert.ok(taken <= perSecond * (4 + now / 1000) + 1e-6);
          }
        },
      ),
      { seed: 105, numRuns: 300 },
    );
  });
});
