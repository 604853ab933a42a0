import { formatTable } from '../../src/loadtest/report.js';
import { verdictCells, verdictHeads } from '../judge.js';
import { progress } from '../progress.js';
import { measurementTable, publish } from '../results.js';
import { compareRivals, judgeRivals } from '../rivals/compare.js';
import { findTools } from '../tools.js';
import { listCells } from './cells.js';
import { copyTable, countCopies } from './copies.js';
import { measureGroup, type InferenceMeasurement } from './measure.js';
import { judgeMemory, measureMemory, memoryTable } from './memory.js';
import { readInferenceOptions, servingOf } from './options.js';
import { orientationTable } from './orientation.js';
import { rawTable, type RawFigures } from './raw.js';
import { serve, serveEcho } from './server.js';
import { inferenceTable } from './tables.js';
import { judgeInference } from './targets.js';
import { measureWeights, weightsTable } from './weights.js';

const options = readInferenceOptions(process.argv.slice(2));
const wants = (cell: string): boolean => options.only.length === 0 || options.only.includes(cell);
const groups = listCells(options);
const tools = await findTools(options.tools);
for (const name of options.tools) {
  if (!tools.some(({ tool }) => tool.name === name))
    progress(`there is no ${name}: its cells are left out`, true);
}

const measurements: InferenceMeasurement[] = [];
const raws: RawFigures[] = [];
await measureCells();
const memory = wants('memory') ? await measureMemory(options) : undefined;
const weights = wants('weights') ? await measureWeights(options) : [];
const copies = wants('copies') ? await countCopies(options) : [];
const rivals = options.rivals ? await compareRivals(options) : [];
progress('');

const verdicts = [...judgeInference(measurements, raws), ...judgeMemory(memory), ...judgeRivals(rivals)];
const servings = groups.map(({ model }) => servingOf(model, options));
const tables = [
  ...(measurements.length > 0 ? [orientationTable(measurements, { groups, servings, raws })] : []),
  ...(measurements.length > 0 ? [inferenceTable(measurements)] : []),
  ...(raws.length > 0 ? [rawTable(raws, servings)] : []),
  ...(memory === undefined ? [] : [memoryTable(memory)]),
  ...(weights.length > 0 ? [weightsTable(weights)] : []),
  ...(copies.length > 0 ? [copyTable(copies)] : []),
  ...(rivals.length > 0 ? [`beside what people run today\n\n${measurementTable(rivals)}`] : []),
  ...(verdicts.length > 0 ? [formatTable(verdictHeads, verdicts.map(verdictCells))] : []),
];
const data = { options, measurements, raws, memory, weights, copies, rivals, verdicts };
await publish(options.name, data, tables.join('\n\n'));

/** A server for each model, so that what it holds and how many threads it has is its own. */
async function measureCells(): Promise<void> {
  if (groups.length === 0) return;
  const has = (subject: string): boolean => options.subjects.includes(subject);
  const echo = has('echo') ? await serveEcho() : undefined;
  try {
    for (const group of groups) {
      const serving = servingOf(group.model, options);
      const inlineServing =
        has('inline') && group.inline !== undefined ? servingOf(group.inline, options) : undefined;
      const nereid = has('nereid')
        ? await serve(group.name, [serving], { flags: options.serverFlags })
        : undefined;
      const inline =
        inlineServing === undefined
          ? undefined
          : await serve(inlineServing.model.name, [inlineServing], { flags: options.serverFlags });
      try {
        const found = await measureGroup({ group, serving, nereid, inline, echo, tools, options });
        measurements.push(...found.measurements);
        raws.push(...found.raws);
      } catch (error) {
        progress(`${group.name} failed: ${error instanceof Error ? error.message : String(error)}`, true);
      } finally {
        await nereid?.close();
        await inline?.close();
      }
    }
  } finally {
    await echo?.close();
  }
}
