import { judge, verdict, type Target, type Verdict } from '../judge.js';
import type { InferenceMeasurement } from './measure.js';
import { rawAt, type RawFigures } from './raw.js';

/** What is promised against the echo of the same bytes. */
const againstEcho: readonly Target[] = [
  ...['tiny_mlp', 'simple'].flatMap((payload) => [
    { ...pair('1 front end', payload, 64), client: 'ghz', of: 'requests/s' as const, least: 0.8 },
    { ...pair('1 front end', payload, 64), of: 'CPU per request' as const, most: 2 },
  ]),
  { ...pair('4 bytes', 'identity_4KiB', 64), client: 'ghz', of: 'requests/s', least: 0.8 },
  { ...pair('4 bytes', 'identity_64KiB', 64), of: 'CPU per request', most: 1.3 },
  { ...pair('4 bytes', 'identity_1MiB', 8), of: 'CPU per request', most: 1.3 },
  { ...pair('4 bytes', 'identity_16MiB', 8), of: 'CPU per request', most: 1.3 },
];

function pair(text: string, payload: string, concurrency: number) {
  return { text, subject: 'nereid', against: 'echo', payload, concurrency };
}

type Value = (one: InferenceMeasurement, raws: readonly RawFigures[]) => number | undefined;

/** What is promised of one cell by itself, or against the model alone. */
interface CellTarget {
  readonly text: string;
  readonly payload: string;
  readonly concurrency: number;
  readonly client?: string;
  readonly value: Value;
  readonly least?: number;
  readonly most?: number;
}

const tailRatio: Value = ({ figures }) => figures.p99Us / figures.p50Us;
const ofRaw: Value = ({ payload, figures, averageBatch }, raws) => {
  const alone = rawAt(raws, { model: payload, batch: averageBatch });
  return alone === undefined ? undefined : figures.requestsPerSecond / alone;
};

function rawRunUs(raws: readonly RawFigures[], model: string): number | undefined {
  return raws.find((one) => one.model === model && one.batch === 1)?.p50Us;
}

const ofRawText = 'requests/s against the model alone at the same average batch (its best where unknown)';

const cellTargets: readonly CellTarget[] = [
  { ...cell('2 mid_mlp: average batch', 'mid_mlp', 64), value: (one) => one.averageBatch, least: 20 },
  { ...cell(`2 mid_mlp: ${ofRawText}`, 'mid_mlp', 64), client: 'h2load', value: ofRaw, least: 0.7 },
  { ...cell('2 mid_mlp: p99 / p50', 'mid_mlp', 64), value: tailRatio, most: 3.5 },
  { ...cell('2 mid_mlp: p99 / p50', 'mid_mlp', 8), value: tailRatio, most: 5 },
  {
    ...cell('2 mid_mlp: p50 beyond a run alone, µs', 'mid_mlp', 1),
    value: ({ figures }, raws) => beyond(figures.p50Us, rawRunUs(raws, 'mid_mlp')),
    most: 200,
  },
  {
    ...cell('3 resnet50: p50 against a run alone', 'resnet50', 1),
    value: ({ figures }, raws) => over(figures.p50Us, rawRunUs(raws, 'resnet50')),
    most: 1.1,
  },
  { ...cell(`3 resnet50: ${ofRawText}`, 'resnet50', 8), value: ofRaw, least: 0.95 },
  { ...cell('3 resnet50: p99 / p50', 'resnet50', 8), value: tailRatio, most: 1.25 },
  { ...cell(`3 resnet50: ${ofRawText}`, 'resnet50', 128), value: ofRaw, least: 0.93 },
  { ...cell('5 p50, µs', 'tiny_mlp', 1), client: 'ghz', value: (one) => one.figures.p50Us, most: 220 },
  { ...cell('5 mean beside the run, µs', 'tiny_mlp', 1), value: (one) => one.overheadUs, most: 100 },
  { ...cell('6 p99 / p50', 'tiny_mlp', 64), value: tailRatio, most: 5 },
  { ...cell('6 p99 / p50', 'mid_mlp', 64), value: tailRatio, most: 5 },
];

function cell(text: string, payload: string, concurrency: number) {
  return { text, payload, concurrency };
}

function beyond(value: number, other: number | undefined): number | undefined {
  return other === undefined ? undefined : value - other;
}

function over(value: number, other: number | undefined): number | undefined {
  return other === undefined ? undefined : value / other;
}

const loopP99MsMost = 10;

/** Every promise of which something was measured; one whose figure is unknown is left out. */
export function judgeInference(
  measurements: readonly InferenceMeasurement[],
  raws: readonly RawFigures[],
): Verdict[] {
  const ours = measurements.filter(({ subject }) => subject === 'nereid');
  const ofCells = cellTargets.flatMap((target) =>
    ours
      .filter((one) => one.payload === target.payload && one.concurrency === target.concurrency)
      .filter((one) => target.client === undefined || target.client === one.client)
      .flatMap((one) => {
        const value = target.value(one, raws);
        return value === undefined ? [] : [verdict(value, target, { target: target.text, ...placeOf(one) })];
      }),
  );
  return [...judge(againstEcho, measurements), ...ofCells, ...judgeLoop(ours)].toSorted((a, b) =>
    a.target.slice(0, 1).localeCompare(b.target.slice(0, 1)),
  );
}

function placeOf(one: InferenceMeasurement): { cell: string; client: string } {
  return { cell: `${one.payload} c=${one.concurrency}`, client: one.client };
}

/** The cell whose loop was latest, and all that missed. */
function judgeLoop(measurements: readonly InferenceMeasurement[]): Verdict[] {
  const sorted = measurements.toSorted((a, b) => b.loopP99Us - a.loopP99Us);
  return sorted
    .filter((one, i) => i === 0 || one.loopP99Us / 1000 > loopP99MsMost)
    .map((one) =>
      verdict(
        one.loopP99Us / 1000,
        { most: loopP99MsMost },
        { target: '6 p99 of the event loop, ms, in the worst cells', ...placeOf(one) },
      ),
    );
}
