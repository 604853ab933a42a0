import type { Measurement } from './loaders.js';

/** A ratio of two subjects that this server promises, in a cell. */
interface Target {
  readonly text: string;
  readonly subject: string;
  readonly against: string;
  readonly payload: string;
  readonly concurrency: number | undefined;
  readonly of: 'requests per CPU-second' | 'requests/s';
  readonly least: number;
}

const targets: readonly Target[] = [
  {
    text: 'codec and transport, small',
    subject: 'echo-nereid',
    against: 'echo-grpc-js',
    payload: '4KiB',
    concurrency: undefined,
    of: 'requests per CPU-second',
    least: 1.25,
  },
  {
    text: 'codec and transport, large',
    subject: 'echo-nereid',
    against: 'echo-grpc-js',
    payload: '600KiB',
    concurrency: undefined,
    of: 'requests per CPU-second',
    least: 2,
  },
  {
    text: 'scheduler, thread and model',
    subject: 'identity_fp32',
    against: 'echo-nereid',
    payload: '4KiB',
    concurrency: 64,
    of: 'requests/s',
    least: 0.6,
  },
];

/** How a pair of measurements stands to a target. */
export interface Verdict {
  readonly target: string;
  readonly cell: string;
  readonly client: string;
  readonly ratio: number;
  readonly least: number;
  readonly met: boolean;
}

/** Every pair of measurements that a target speaks of. */
export function judge(measurements: readonly Measurement[]): Verdict[] {
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
        if (other === undefined) return [];
        const ratio = value(target, measured) / value(target, other);
        return [
          {
            target: `${target.text}: ${target.subject} / ${target.against} in ${target.of}`,
            cell: `${measured.payload} c=${measured.concurrency}`,
            client: measured.client,
            ratio,
            least: target.least,
            met: ratio >= target.least,
          },
        ];
      }),
  );
}

function speaksOf(target: Target, { subject, payload, concurrency }: Measurement): boolean {
  if (subject !== target.subject || payload !== target.payload) return false;
  return target.concurrency === undefined || target.concurrency === concurrency;
}

function value(target: Target, measured: Measurement): number {
  return target.of === 'requests/s'
    ? measured.figures.requestsPerSecond
    : 1000 / measured.serverCpuSecondsPer1000;
}
