import { LoadWorkers } from '../src/loadtest/workers.js';
import { figureCells, figureHeads, formatTable } from '../src/loadtest/report.js';
import { listGroups, type Cell } from './cells.js';
import { CellRounds, type Measurement } from './loaders.js';
import { readOptions, type BenchOptions } from './options.js';
import { publish } from './results.js';
import { closeSubjects, startSubjects } from './subjects.js';
import { judge } from './targets.js';
import { driveTool, findTools } from './tools.js';

const options = readOptions(process.argv.slice(2));
const subjects = await startSubjects(options.subjects);
const workers = new LoadWorkers(options.workerCount);
try {
  const groups = listGroups(subjects, options);
  const measurements = await measure(groups, options);
  const verdicts = judge(measurements);
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

function nameOf({ subject, payload, concurrency }: Cell): string {
  return `${subject.name} ${payload.name} c=${concurrency}`;
}

/** One line that is written over itself on a terminal; elsewhere only what must stay is written. */
function progress(text: string, stays = false): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}${stays ? '\n' : ''}`);
  else if (text !== '') process.stderr.write(`${text}\n`);
}

function describe(measurements: readonly Measurement[]): string {
  const rows = measurements.map((one) => [
    one.subject,
    one.payload,
    String(one.concurrency),
    one.client,
    ...figureCells(one.figures),
    one.serverCpuSecondsPer1000.toFixed(4),
    one.serverResidentMiB.toFixed(0),
  ]);
  const head = ['server', 'payload', 'c', 'client', ...figureHeads, 'CPU-s/1000', 'RSS MiB'];
  const verdicts = judge(measurements).map(({ target, cell, client, ratio, least, met }) => [
    target,
    cell,
    client,
    ratio.toFixed(2),
    least.toFixed(2),
    met ? 'met' : 'MISSED',
  ]);
  return [
    formatTable(head, rows),
    '',
    formatTable(['target', 'cell', 'client', 'ratio', 'at least', ''], verdicts),
  ].join('\n');
}
