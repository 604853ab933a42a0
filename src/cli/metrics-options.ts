import { nearest } from '../config/nearest.js';
import { parseBoolean } from '../config/parameters.js';
import type { ListenerOptions } from '../frontends/http/transport.js';
import type { Quantile } from '../telemetry/quantile-sketch.js';
import { defaultQuantiles } from './metrics-flags.js';
import type { FlagReader } from './flag-reader.js';
import { UsageError } from './usage-error.js';

export interface MetricsFlags {
  readonly listener: ListenerOptions;
  readonly gpu: boolean;
  readonly cpu: boolean;
  readonly intervalMs: number;
  readonly seriesMax: number;
  readonly counterLatencies: boolean;
  readonly histogramLatencies: boolean;
  /** Of the summaries; undefined when there are none. */
  readonly quantiles: readonly Quantile[] | undefined;
}

/** What was asked of metrics; undefined when they are not served. */
export function metricsFlags(read: FlagReader, configs: readonly string[]): MetricsFlags | undefined {
  const config = readConfig(configs);
  if (!read.boolean('allow-metrics')) return undefined;
  const address = read.given('metrics-address') ? 'metrics-address' : 'http-address';
  return {
    listener: {
      host: read.text(address).replace(/^\[(.*)\]$/, '$1'),
      port: read.integer('metrics-port'),
      reusePort: false,
      connectionsMax: 1000,
      headerBytesMax: 16_384,
      receiveTimeoutMs: 30_000,
      idleTimeoutMs: 0,
    },
    gpu: read.boolean('allow-gpu-metrics'),
    cpu: read.boolean('allow-cpu-metrics'),
    intervalMs: read.integer('metrics-interval-ms'),
    seriesMax: read.integer('metrics-max-series'),
    counterLatencies: switched(config, 'counter_latencies', true),
    histogramLatencies: switched(config, 'histogram_latencies', false),
    quantiles: switched(config, 'summary_latencies', false)
      ? readQuantiles(config.get('summary_quantiles') ?? defaultQuantiles)
      : undefined,
  };
}

const keys = ['counter_latencies', 'histogram_latencies', 'summary_latencies', 'summary_quantiles'];

function readConfig(texts: readonly string[]): Map<string, string> {
  const config = new Map<string, string>();
  for (const text of texts) {
    const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    if (key === '' || value === '') {
      throw new UsageError(
        `--metrics-config is '${text}', expected <setting>=<value>, as in counter_latencies=true`,
      );
    }
    if (!keys.includes(key)) {
      const meant = nearest(key, keys);
      const remedy = meant === undefined ? `there are ${keys.join(', ')}` : `did you mean '${meant}'?`;
      throw new UsageError(`--metrics-config=${text}: unknown setting '${key}'; ${remedy}`);
    }
    config.set(key, value);
  }
  const quantiles = config.get('summary_quantiles');
  if (quantiles !== undefined) readQuantiles(quantiles);
  for (const key of keys.slice(0, 3)) switched(config, key, false);
  return config;
}

function switched(config: ReadonlyMap<string, string>, key: string, fallback: boolean): boolean {
  const text = config.get(key);
  if (text === undefined) return fallback;
  const value = parseBoolean(text);
  if (value === undefined)
    throw new UsageError(`--metrics-config=${key}=${text}: '${text}' is not true or false`);
  return value;
}

function readQuantiles(text: string): Quantile[] {
  return text.split(',').map((pair) => {
    const [, quantile, error] = /^\s*([\d.eE+-]+)\s*:\s*([\d.eE+-]+)\s*$/.exec(pair) ?? [];
    const read = { quantile: Number(quantile), error: Number(error) };
    if (inside(read.quantile) && inside(read.error)) return read;
    throw new UsageError(
      `--metrics-config=summary_quantiles: '${pair}' is not <quantile>:<error> with both between 0 and 1, as in 0.99:0.001`,
    );
  });
}

function inside(value: number): boolean {
  return value > 0 && value < 1;
}
