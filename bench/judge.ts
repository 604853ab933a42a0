import type { Measurement } from './loaders.js';

/** A ratio of two subjects that this server promises, in a cell. */
export interface Target {
  readonly text: string;
  readonly subject: string;
  readonly against: string;
  readonly payload: string;
  /** Undefined speaks of every concurrency that was measured. */
  readonly concurrency: number | undefined;
  /** Undefined speaks of every client. */
  readonly client?: string;
  readonly of: keyof typeof values;
  /** The ratio must reach the one, or not exceed the other. */
  readonly least?: number;
  readonly most?: number;
}

const values = {
  'requests per CPU-second': (one: Measurement) => 1000 / one.serverCpuSecondsPer1000,
  'CPU per request': (one: Measurement) => one.serverCpuSecondsPer1000,
  'requests/s': (one: Measurement) => one.figures.requestsPerSecond,
  p50: (one: Measurement) => one.figures.p50Us,
  p99: (one: Measurement) => one.figures.p99Us,
} as const;

/** How something measured stands to a bound. */
export interface Verdict {
  readonly target: string;
  readonly cell: string;
  readonly client: string;
  readonly value: number;
  readonly bound: string;
  readonly met: boolean;
}

/** Every pair of measurements that a target speaks of. */
export function judge(targets: readonly Target[], measurements: readonly Measurement[]): Verdict[] {
  return targets.flatMap((target) =>
    measurements
      .filter((measured) => speaksOf(target, measured))
      .flatMap((measured) => {
        const other = measurements.find(
          (one) =>
            one.subject === target.against &&
            one.payload === measured.payload &&
            one.concurrency === measured.concurrency &&
            one.client === measured.client,
        );
        return other === undefined ? [] : [compare(target, measured, other)];
      }),
  );
}

function compare(target: Target, measured: Measurement, other: Measurement): Verdict {
  const value = values[target.of];
  const what = `${target.text}: ${target.subject} / ${target.against} in ${target.of}`;
  return verdict(value(measured) / value(other), target, {
    target: what,
    cell: `${measured.payload} c=${measured.concurrency}`,
    client: measured.client,
  });
}

/** A value that stands by itself against a bound. */
export function verdict(
  value: number,
  { least, most }: { readonly least?: number; readonly most?: number },
  said: Pick<Verdict, 'target' | 'cell' | 'client'>,
): Verdict {
  const met = value >= (least ?? -Infinity) && value <= (most ?? Infinity);
  const bound = least === undefined ? `at most ${most}` : `at least ${least}`;
  return { ...said, value, bound, met };
}

/** The rows of a table under `verdictHeads`. */
export function verdictCells({ target, cell, client, value, bound, met }: Verdict): string[] {
  return [target, cell, client, value.toFixed(2), bound, met ? 'met' : 'MISSED'];
}

export const verdictHeads = ['target', 'cell', 'client', 'value', 'bound', ''];

function speaksOf(target: Target, { subject, payload, concurrency, client }: Measurement): boolean {
  if (subject !== target.subject || payload !== target.payload) return false;
  if (target.client !== undefined && target.client !== client) return false;
  return target.concurrency === undefined || target.concurrency === concurrency;
}
