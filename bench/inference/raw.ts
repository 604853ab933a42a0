import { Worker } from 'node:worker_threads';
import { formatTable } from '../../src/loadtest/report.js';
import { modelFile, type Serving } from '../models/repository.js';
import { medianOf } from './median.js';

/** What the thread of a bare loop is told. */
export interface RawOrder {
  readonly model: string;
  readonly file: string;
  readonly threads: number;
  readonly batches: readonly number[];
  /** Time for each batch size. */
  readonly ms: number;
}

/** What ONNX Runtime does with a model when nothing is around it. */
export interface RawFigures {
  readonly model: string;
  readonly batch: number;
  readonly runsPerSecond: number;
  readonly inferencesPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** Runs the model alone at each batch size, with the threads that one instance of the server has. */
export async function runRaw(
  { model, threads }: Serving,
  { batches, ms }: Pick<RawOrder, 'batches' | 'ms'>,
): Promise<RawFigures[]> {
  const order: RawOrder = { model: model.name, file: await modelFile(model), threads, batches, ms };
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./raw-worker.js', import.meta.url), { workerData: order });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** 1, 2, 4 … up to the model's largest batch. */
export function batchSizes(max: number): number[] {
  const sizes: number[] = [];
  for (let size = 1; size < max; size *= 2) sizes.push(size);
  return [...sizes, max];
}

export function mergeRaw(rounds: readonly (readonly RawFigures[])[]): RawFigures[] {
  const [first = []] = rounds;
  return first.map((one, i) => {
    const middle = (of: (figures: RawFigures) => number): number =>
      medianOf(rounds.flatMap((round) => (round[i] === undefined ? [] : [of(round[i])])));
    return {
      ...one,
      runsPerSecond: middle((round) => round.runsPerSecond),
      inferencesPerSecond: middle((round) => round.inferencesPerSecond),
      p50Us: middle((round) => round.p50Us),
      p99Us: middle((round) => round.p99Us),
    };
  });
}

/**
 * Inferences per second of the bare loop at an average batch size, the time of a run being drawn straight
 * between the sizes that were measured; without a size, at the best one.
 */
export function rawAt(
  raws: readonly RawFigures[],
  { model, batch }: { model: string; batch: number | undefined },
): number | undefined {
  const ours = raws.filter((one) => one.model === model);
  if (ours.length === 0) return undefined;
  if (batch === undefined) return Math.max(...ours.map((one) => one.inferencesPerSecond));
  const below = ours.findLast((one) => one.batch <= batch) ?? ours[0];
  const above = ours.find((one) => one.batch >= batch) ?? ours.at(-1);
  if (below === undefined || above === undefined) return undefined;
  if (above.batch <= below.batch) return below.inferencesPerSecond;
  const share = (batch - below.batch) / (above.batch - below.batch);
  return batch / ((1 - share) / below.runsPerSecond + share / above.runsPerSecond);
}

export function rawTable(raws: readonly RawFigures[], servings: readonly Serving[]): string {
  const rows = raws.map((one) => {
    const serving = servings.find(({ model }) => model.name === one.model);
    return [
      one.model,
      serving === undefined ? '' : `${serving.instanceCount} × ${serving.threads}`,
      String(one.batch),
      one.runsPerSecond.toFixed(1),
      one.inferencesPerSecond.toFixed(0),
      (one.p50Us / 1000).toFixed(3),
      (one.p99Us / 1000).toFixed(3),
    ];
  });
  const heads = ['model', 'instances × threads', 'batch', 'runs/s', 'inferences/s', 'p50 ms', 'p99 ms'];
  return `the model alone, one loop in one thread\n\n${formatTable(heads, rows)}`;
}
