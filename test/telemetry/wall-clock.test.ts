import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { WallClock } from '../../src/telemetry/wall-clock.js';

test('the time of day shows the microseconds that the timer tells', () => {
  const clock = new WallClock();
  clock.nowUs(50_000, 10);
  assert.equal(clock.nowUs(50_000, 10.25), 50_000_250);
  assert.equal(clock.nowUs(50_001, 11.75), 50_001_750);
});

test('the time of day follows the system clock when that is set back or forth', () => {
  const clock = new WallClock();
  clock.nowUs(50_000, 10);
  assert.equal(clock.nowUs(20_000, 10.5), 20_000_000);
  assert.equal(clock.nowUs(20_000, 10.75), 20_000_250);
  assert.equal(clock.nowUs(90_000, 11), 90_000_000);
});

test('whatever the two clocks do, the time of day agrees with Date to the millisecond', () => {
  const reading = fc.tuple(fc.nat(2 ** 41), fc.double({ min: 0, max: 1e9, noNaN: true }));
  fc.assert(
    fc.property(fc.array(reading), (readings) => {
      const clock = new WallClock();
      for (const [dateMs, timerMs] of readings) {
        assert.equal(Math.floor(clock.nowUs(dateMs, timerMs) / 1000), dateMs);
      }
    }),
  );
});
