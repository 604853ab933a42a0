import { group, mostMs, works, type Flag } from './flag.js';

/** Triton's default. */
export const defaultQuantiles = '0.5:0.05,0.9:0.01,0.95:0.001,0.99:0.001,0.999:0.001';

export const metrics: readonly Flag[] = group('Metrics', [
  ['allow-metrics', 'boolean', 'true', works, 'Serve metrics for Prometheus'],
  [
    'allow-gpu-metrics',
    'boolean',
    'true',
    works,
    'Metrics of GPUs, where the machine has nvidia-smi; only with --allow-metrics',
  ],
  ['allow-cpu-metrics', 'boolean', 'true', works, 'Metrics of CPU and memory; only with --allow-metrics'],
  ['metrics-address', 'text', undefined, works, 'Address to listen on; that of HTTP when left out'],
  [
    'metrics-port',
    'integer',
    '8002',
    { kind: 'works', least: 0, most: 65535 },
    'Port to listen on; 0 takes a free one',
  ],
  [
    'metrics-interval-ms',
    'integer',
    '2000',
    { kind: 'works', least: 1, most: mostMs },
    'Milliseconds between two looks at GPUs, CPU and memory; all else is read when it is asked for',
  ],
  [
    'metrics-config',
    'list',
    undefined,
    works,
    'counter_latencies=<bool> (true), histogram_latencies=<bool> (false), summary_latencies=<bool> (false), ' +
      'summary_quantiles=<quantile>:<error>,... (those of Triton); may be given several times',
  ],
  [
    'metrics-max-series',
    'integer',
    '100000',
    { kind: 'works', least: 1 },
    'Series on the page of metrics; families that do not fit are left out, and one metric tells how many series are missing (not a flag of Triton)',
  ],
]);
