import { LoadWorkers } from '../src/loadtest/workers.js';
import { formatTable } from '../src/loadtest/report.js';
import { listGroups, nameOf, type Cell } from './cells.js';
import { judge, verdictCells, verdictHeads } from './judge.js';
import { CellRounds, type Measurement } from './loaders.js';
import { readOptions, type BenchOptions } from './options.js';
import { progress } from './progress.js';
import { measurementTable, publish } from './results.js';
import { closeSubjects, startSubjects } from './subjects.js';
import { targets } from './targets.js';
import { driveTool, findTools } from './tools.js';

const options = readOptions(process.argv.slice(2));
const subjects = await startSubjects(options.subjects);
const workers = new LoadWorkers(options.workerCount);
try {
  const groups = listGroups(subjects, options);
  const measurements = await measure(groups, options);
  const verdicts = judge(targets, measurements);
  await publish(options.name, { options, measurements, verdicts }, describe(measurements));
} finally {
  workers.close();
  await closeSubjects(subjects);
}

/**
 * All cells, in rounds: the subjects of a group run right after each other, and in the next round the
 * other way round, so that what else the machine does hits all alike.
 */
async function measure(groups: readonly Cell[][], { seconds, rounds }: BenchOptions): Promise<Measurement[]> {
  const found = await findTools(options.tools);
  const { connectionCount } = options;
  const all = groups.map((group) => group.map((cell) => new CellRounds(cell)));
  for (let round = 0; round < rounds; round++) {
    for (const group of all) {
      for (const cell of round % 2 === 0 ? group : group.toReversed()) {
        progress(`round ${round + 1} of ${rounds}: ${nameOf(cell.cell)}`);
        await cell.drive(workers, { connectionCount, ms: (seconds * 1000) / rounds });
      }
    }
  }
  const measurements = all.flat().map((cell) => {
    for (const [failure, count] of cell.failures)
      progress(`${nameOf(cell.cell)}: ${count} × ${failure}`, true);
    return cell.measurement();
  });
  for (const tool of found) {
    for (const cell of groups.flat()) {
      progress(`${tool.tool.name}: ${nameOf(cell)}`);
      try {
        measurements.push(await driveTool(tool, cell, { seconds, connectionCount }));
      } catch (error) {
        progress(`${tool.tool.name} failed: ${error instanceof Error ? error.message : String(error)}`, true);
      }
    }
  }
  progress('');
  return measurements;
}

function describe(measurements: readonly Measurement[]): string {
  const verdicts = judge(targets, measurements).map(verdictCells);
  return [measurementTable(measurements), '', formatTable(verdictHeads, verdicts)].join('\n');
}
