import { formatTable } from '../../src/loadtest/report.js';
import type { Serving } from '../models/repository.js';
import type { CellGroup } from './cells.js';
import type { InferenceMeasurement } from './measure.js';
import { rawAt, type RawFigures } from './raw.js';

/**
 * Requests/s, server CPU-s per 1,000 and p99 in ms of Triton 2.51 with ONNX Runtime 1.31, ghz, on two cores of
 * another day: for orientation only. A range is what several days gave.
 */
const triton: Readonly<Record<string, readonly [perSecond: string, cpu: string, p99Ms: string]>> = {
  'tiny_mlp c=1': ['2500', '0.20', '0.5'],
  'tiny_mlp c=8': ['12900', '0.072', '1.8'],
  'tiny_mlp c=64': ['21800', '0.068', '18'],
  'mid_mlp c=1': ['1060', '1.22', '1.2'],
  'mid_mlp c=8': ['5100', '0.27', '6.4'],
  'mid_mlp c=64': ['12300', '0.12', '19'],
  'simple c=8': ['9900-15000', '0.064', '2-4.7'],
  'simple c=64': ['17000-27000', '0.042-0.055', '6-14'],
  'resnet50 c=1': ['42', '43', '37'],
  'resnet50 c=8': ['50', '38', '207'],
  'resnet50 c=64': ['51', '37', '1315'],
  'identity_4KiB c=64': ['20000-23000', '0.05', ''],
  'identity_64KiB c=64': ['8400-12500', '0.088', ''],
  'identity_1MiB c=8': ['800-1300', '0.64-0.8', ''],
  'identity_16MiB c=8': ['57-84', '11-13', ''],
};

export interface OrientationSetup {
  readonly groups: readonly CellGroup[];
  readonly servings: readonly Serving[];
  readonly raws: readonly RawFigures[];
}

/** A row for each cell and client: our figures, how they stand to the echo and to the model alone, and Triton's. */
export function orientationTable(
  measurements: readonly InferenceMeasurement[],
  { groups, servings, raws }: OrientationSetup,
): string {
  const rows = measurements
    .filter(({ subject }) => subject === 'nereid')
    .map((one) => {
      const cell = `${one.payload} c=${one.concurrency}`;
      const model = groups.find(({ name }) => name === one.payload)?.model;
      const serving = servings.find((serving) => serving.model.name === model);
      const echo = measurements.find(
        (other) =>
          other.subject === 'echo' &&
          other.payload === one.payload &&
          other.concurrency === one.concurrency &&
          other.client === one.client,
      );
      const alone = rawAt(raws, { model: one.payload, batch: one.averageBatch });
      const perSecond = one.figures.requestsPerSecond;
      return [
        cell,
        serving === undefined ? '' : `${serving.instanceCount} × ${serving.threads}`,
        one.client,
        perSecond.toFixed(perSecond < 100 ? 1 : 0),
        one.serverCpuSecondsPer1000.toFixed(4),
        (one.figures.p99Us / 1000).toFixed(2),
        ratio(perSecond, echo?.figures.requestsPerSecond),
        ratio(one.serverCpuSecondsPer1000, echo?.serverCpuSecondsPer1000),
        ratio(perSecond, alone),
        ...(triton[cell] ?? ['', '', '']),
      ];
    });
  const ours = ['cell', 'instances × threads', 'client', 'req/s', 'CPU-s/1000', 'p99 ms'];
  const ratios = ['of echo', 'CPU of echo', 'of model alone'];
  return formatTable([...ours, ...ratios, 'Triton: req/s', 'CPU-s/1000', 'p99 ms'], rows);
}

function ratio(value: number, other: number | undefined): string {
  return other === undefined || other === 0 ? '' : (value / other).toFixed(2);
}
