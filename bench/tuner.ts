import { DelayTuner } from '../src/scheduling/delay-tuner.js';
import { changingScenarios, stationaryScenarios, type NamedScenario } from '../test/support/batching-scenarios.js';
import { BatchingSimulation, exactWait, neverWait, type PhaseResult } from '../test/support/batching-simulation.js';

function play(scenario: NamedScenario): { never: PhaseResult[]; exact: PhaseResult[]; tuned: PhaseResult[] } {
  const { model, maxDelayUs } = scenario;
  const tuner = new DelayTuner({ maxDelayUs, maxBatchSize: model.batchMax, instanceCount: model.instances });
  return {
    never: new BatchingSimulation(scenario, neverWait(model.batchMax)).run(),
    exact: new BatchingSimulation(scenario, exactWait(model.batchMax, maxDelayUs)).run(),
    tuned: new BatchingSimulation(scenario, tuner).run(),
  };
}
const f = (r: PhaseResult) => `${r.meanUs.toFixed(0).padStart(7)} ${r.p99Us.toFixed(0).padStart(7)} ${r.perSec.toFixed(0).padStart(6)} ${r.meanRows.toFixed(1).padStart(5)}`;
for (const s of [...stationaryScenarios, ...changingScenarios]) {
  const { never, exact, tuned } = play(s);
  never.forEach((n, i) => {
    const t = tuned[i]!;
    const best = Math.min(n.meanUs, exact[i]!.meanUs);
    const bestR = Math.max(n.perSec, exact[i]!.perSec);
    console.log(`${(s.name + (never.length > 1 ? ` #${i}` : '')).padEnd(34)} ${f(n)} | ${f(exact[i]!)} | ${f(t)} ${(t.meanUs / best).toFixed(3)} ${(t.perSec / bestR).toFixed(3)} ${t.meanUs / best > 1.05 ? '<<<<' : ''} holds ${t.holds} ${(t.heldUs / Math.max(1, t.holds)).toFixed(0)}`);
  });
}
