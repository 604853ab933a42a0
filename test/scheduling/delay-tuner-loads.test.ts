import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DelayTuner } from '../../src/scheduling/delay-tuner.js';
import { changingScenarios, stationaryScenarios, type NamedScenario } from '../support/batching-scenarios.js';
import { BatchingSimulation, type PhaseResult } from '../support/batching-simulation.js';
import { exactWait, neverWait } from '../support/delay-policies.js';
import type { Delay } from '../../src/scheduling/delay.js';

const seeds = [1, 2];

interface Compared {
  readonly never: PhaseResult;
  readonly exact: PhaseResult;
  readonly tuned: PhaseResult;
}

function compare(scenario: NamedScenario, seed: number): Compared[] {
  const { model, maxDelayUs } = scenario;
  const { batchMax: maxBatchSize, instances: instanceCount } = model;
  const play = (policy: Delay): PhaseResult[] => new BatchingSimulation({ ...scenario, seed }, policy).run();
  const exact = play(exactWait(maxBatchSize, maxDelayUs));
  const tuned = play(new DelayTuner({ maxDelayUs, maxBatchSize, instanceCount }));
  return play(neverWait(maxBatchSize)).map((never, phase) => ({
    never,
    exact: exact[phase]!,
    tuned: tuned[phase]!,
  }));
}

/** The tuner's mean latency as a share of the better one of the others. */
function shareOfBest({ never, exact, tuned }: Compared): number {
  return tuned.meanUs / Math.min(never.meanUs, exact.meanUs);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function scenario(name: string): NamedScenario {
  const found = stationaryScenarios.find((each) => each.name === name);
  assert.ok(found, name);
  return found;
}

for (const stationary of stationaryScenarios) {
  test(`${stationary.name}: the tuned mean latency is at most 5 % above the better of never and always holding`, () => {
    const share = mean(seeds.map((seed) => shareOfBest(compare(stationary, seed)[0]!)));
    assert.ok(share <= 1.05, `${share}`);
  });
}

for (const changing of changingScenarios) {
  test(`${changing.name}: each load is served as well some hundred requests after it began`, () => {
    const runs = seeds.map((seed) => compare(changing, seed));
    for (const [phase] of changing.phases.entries()) {
      const share = mean(runs.map((phases) => shareOfBest(phases[phase]!)));
      assert.ok(share <= 1.05, `load ${phase + 1}: ${share}`);
    }
  });
}

test('one client is never held, however long it stays', () => {
  for (const seed of seeds) assert.equal(compare(scenario('flat, 1 client'), seed)[0]!.tuned.holds, 0);
});

test('one client is not held any more some hundred requests after eight', () => {
  for (const seed of seeds) assert.equal(compare(changingScenarios[0]!, seed)[1]!.tuned.holds, 0);
});

test('two clients that never met are brought together where that serves both', () => {
  const { never, tuned } = compare(scenario('flat, 2 clients'), 1)[0]!;
  assert.equal(never.meanRows, 1);
  assert.ok(tuned.meanRows > 1.9);
  assert.ok(tuned.meanUs < 0.7 * never.meanUs);
});

test('eight clients run together: a quarter more requests per second, and no longer tail', () => {
  const { never, tuned } = compare(scenario('flat, 8 clients'), 1)[0]!;
  assert.ok(tuned.meanRows > 7.5);
  assert.ok(tuned.perSec > 1.25 * never.perSec);
  assert.ok(tuned.p99Us <= never.p99Us);
});

test('sixty-four clients of a model whose rows cost most are as good as never held', () => {
  for (const name of ['steep, 64 clients', 'steep, 64 clients, batch of 256', 'middling, 64 clients']) {
    assert.ok(compare(scenario(name), 1)[0]!.tuned.holds <= 2, name);
  }
});

test('a slow open flow is not held, a fast one is', () => {
  const slow = compare(scenario('flat, 500/s'), 1)[0]!;
  const fast = compare(scenario('flat, 10,000/s'), 1)[0]!;
  assert.equal(slow.tuned.holds, 0);
  assert.ok(fast.tuned.holds > 100);
});

test('the simulation answers every request, and a lone client by what the model and the loop take', () => {
  const lone = scenario('flat, 1 client');
  const [result] = new BatchingSimulation(lone, neverWait(64)).run();
  const expectedUs = lone.model.fixedUs + lone.model.rowUs + lone.loopUs;
  assert.ok(Math.abs(result!.meanUs / expectedUs - 1) < 0.01);
  // A lone client waits in vain for the bound.
  const [held] = new BatchingSimulation(lone, exactWait(64, 500)).run();
  assert.ok(Math.abs(held!.meanUs - result!.meanUs - 500) < 5);
});
