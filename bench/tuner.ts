// How the tuner's holding compares with never holding and with Triton's, in simulated time: the figures are
// the same on every machine.
import { formatTable } from '../src/loadtest/report.js';
import { DelayTuner } from '../src/scheduling/delay-tuner.js';
import {
  changingScenarios,
  stationaryScenarios,
  type NamedScenario,
} from '../test/support/batching-scenarios.js';
import { BatchingSimulation, type PhaseResult } from '../test/support/batching-simulation.js';
import { exactWait, neverWait } from '../test/support/delay-policies.js';
import type { Delay } from '../src/scheduling/delay.js';

const head = ['load', 'never: mean µs', 'p99', 'req/s', 'exact: mean µs', 'p99', 'req/s'];
const tunedHead = ['tuned: mean µs', 'p99', 'req/s', 'rows', 'held', 'of best'];

const rows = [...stationaryScenarios, ...changingScenarios].flatMap(rowsOf);
process.stdout.write(`${formatTable([...head, ...tunedHead], rows)}\n`);

function rowsOf(scenario: NamedScenario): string[][] {
  const { model, maxDelayUs, name } = scenario;
  const { batchMax: maxBatchSize, instances: instanceCount } = model;
  const play = (policy: Delay): PhaseResult[] => new BatchingSimulation(scenario, policy).run();
  const never = play(neverWait(maxBatchSize));
  const exact = play(exactWait(maxBatchSize, maxDelayUs));
  return play(new DelayTuner({ maxDelayUs, maxBatchSize, instanceCount })).map((tuned, phase) => {
    const others = [never[phase], exact[phase]].filter((result) => result !== undefined);
    const best = Math.min(...others.map(({ meanUs }) => meanUs));
    return [
      never.length > 1 ? `${name}: ${phase + 1}` : name,
      ...others.flatMap(cells),
      ...cells(tuned),
      tuned.meanRows.toFixed(1),
      String(tuned.holds),
      `${(tuned.meanUs / best).toFixed(2)}×`,
    ];
  });
}

function cells({ meanUs, p99Us, perSec }: PhaseResult): string[] {
  return [meanUs, p99Us, perSec].map((value) => value.toFixed(0));
}
