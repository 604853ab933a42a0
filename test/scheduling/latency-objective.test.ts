import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { LatencyObjective } from '../../src/scheduling/latency-objective.js';

const bounds = { objectiveUs: 10_000, maxDelayUs: 800 };
const windowCount = 512;

function answer(objective: LatencyObjective, latencyUs: number, windows: number): void {
  for (let count = 0; count < windows * windowCount; count++) objective.answered(latencyUs);
}

test('delay and budget begin at their bounds', () => {
  const objective = new LatencyObjective(bounds);
  assert.deepEqual([objective.delayUs, objective.budgetUs, objective.p99Us], [800, 10_000, undefined]);
});

test('an objective that is missed shrinks delay and budget until it is met, and room lets both grow again', () => {
  const objective = new LatencyObjective(bounds);
  answer(objective, 15_000, 40);
  assert.equal(objective.delayUs, 0);
  assert.equal(objective.budgetUs, 2500);
  answer(objective, 9500, 10);
  assert.deepEqual([objective.delayUs, objective.budgetUs], [0, 2500]);
  answer(objective, 2000, 40);
  assert.deepEqual([objective.delayUs, objective.budgetUs], [800, 10_000]);
});

test('the measured p99 is the tail, not the mean, to an eighth', () => {
  const objective = new LatencyObjective(bounds);
  for (let count = 0; count < windowCount; count++) objective.answered(count % 50 === 0 ? 6000 : 300);
  assert.ok(Math.abs((objective.p99Us ?? 0) / 6000 - 1) < 1 / 8, `${objective.p99Us}`);
});

test('delay stays within its bound and every figure is finite, whatever the latencies', () => {
  const latency = fc.oneof(fc.double(), fc.integer({ min: 0, max: 100_000 }));
  fc.assert(
    fc.property(fc.array(latency, { minLength: 1, maxLength: 20 }), (latencies) => {
      const objective = new LatencyObjective(bounds);
      for (let count = 0; count < 4 * windowCount; count++)
        objective.answered(latencies[count % latencies.length]!);
      assert.ok(objective.delayUs >= 0 && objective.delayUs <= bounds.maxDelayUs);
      assert.ok(objective.budgetUs > 0 && objective.budgetUs <= bounds.objectiveUs);
      assert.ok(Number.isFinite(objective.p99Us));
    }),
    { seed: 5, numRuns: 100 },
  );
});
