import type { Target } from './judge.js';

/** What this server promises of its codec and of itself against an echo as everybody writes it. */
export const targets: readonly Target[] = [
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
