import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrivalRate } from '../../src/scheduling/arrival-rate.js';

function near(actual: number, expected: number, share: number): void {
  assert.ok(
    Math.abs(actual - expected) <= share * expected,
    `${actual} is not within ${share} of ${expected}`,
  );
}

test('a steady flow is told after a fraction of a second, and long after', () => {
  const rate = new ArrivalRate();
  let nowUs = 5e6;
  for (let count = 0; count < 500; count++) rate.arrived((nowUs += 100), 2);
  near(rate.perSec(nowUs), 20_000, 0.02);
  for (let count = 0; count < 50_000; count++) rate.arrived((nowUs += 100), 2);
  near(rate.perSec(nowUs), 20_000, 0.02);
  near(rate.meanRows, 2, 0.01);
});

test('a flow that ends fades within seconds', () => {
  const rate = new ArrivalRate();
  for (let nowUs = 0; nowUs < 1e6; nowUs += 100) rate.arrived(nowUs, 1);
  assert.ok(rate.perSec(4e6) < 50);
});

test('nobody is no rate, and a clock that stands or goes back gives a finite one', () => {
  const rate = new ArrivalRate();
  assert.equal(rate.perSec(1e9), 0);
  for (let count = 0; count < 100; count++) rate.arrived(5e6, 1);
  rate.arrived(4e6, 1);
  assert.ok(Number.isFinite(rate.perSec(3e6)));
});
