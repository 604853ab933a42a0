import type { Target } from '../judge.js';

/** What our transport promises against others, in one run. */
export const targets: readonly Target[] = [
  ...cpuAgainst('grpc-js', { '128B': 3.5, '4KiB': 2, '64KiB': 2, '600KiB': 1.8, '16MiB': 1.8 }),
  ...cpuAgainst('node-http2', { '128B': 2 }),
  {
    text: 'TLS',
    subject: 'http2-tls',
    against: 'grpc-js-tls',
    payload: '128B',
    concurrency: undefined,
    of: 'requests per CPU-second',
    least: 2,
  },
  ...['128B', '4KiB', '64KiB', '600KiB', '16MiB'].flatMap((payload) => [
    { ...latency(payload), text: 'tail', concurrency: 32, of: 'p99' as const, most: 0.6 },
    { ...latency(payload), text: 'round trip', concurrency: 1, of: 'p50' as const, most: 0.7 },
  ]),
];

function latency(payload: string): Pick<Target, 'subject' | 'against' | 'payload'> {
  return { subject: 'http2', against: 'grpc-js', payload };
}

function cpuAgainst(against: string, leastBy: Readonly<Record<string, number>>): Target[] {
  return Object.entries(leastBy).map(([payload, least]) => ({
    text: 'cost',
    subject: 'http2',
    against,
    payload,
    concurrency: undefined,
    of: 'requests per CPU-second',
    least,
  }));
}

export const streamMessagesPerSecondLeast = 100_000;
export const idleConnectionBytesMost = 6 * 1024;
/** What may be left of connections that came and went, as a share of the memory before. */
export const leftShareMost = 0.05;
