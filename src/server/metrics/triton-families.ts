import type { FailureReason } from '../../inference/error.js';
import type { DurationTotal } from '../../models/duration-sum.js';
import type { LiveSeries, Series } from '../../models/ledger.js';
import type { StageName } from '../../models/observations.js';
import { histogramSamples } from '../../telemetry/histogram.js';
import type { Family, Sample } from '../../telemetry/metrics.js';
import type { Quantile } from '../../telemetry/quantile-sketch.js';
import { familyOf, loadedOf, type FamilyHead, type LoadedSeries } from './labelled.js';

/** What `--metrics-config` asks of Triton's families. */
export interface TritonFamilyOptions {
  /** Counters of durations, and those of the cache. */
  readonly counterLatencies: boolean;
  /** Those of the summaries; undefined: no summaries. */
  readonly quantiles: readonly Quantile[] | undefined;
  /** By the number of a GPU as CUDA counts; undefined where that is not known. */
  readonly gpuUuid: (gpu: number) => string | undefined;
}

/** Triton's families of models, by its names, with its help and in its units. */
export function tritonFamilies(all: readonly Series[], options: TritonFamilyOptions): Family[] {
  const loaded = loadedOf(all);
  return [
    ...counts(all, loaded, options),
    ...(options.counterLatencies ? [...durations(loaded, options), ...cacheCounters(loaded)] : []),
    ...(options.quantiles === undefined ? [] : summaries(loaded, options.quantiles)),
    familyOf(
      {
        name: 'nv_inference_first_response_histogram_ms',
        help: 'Duration from request to first response in milliseconds',
        type: 'histogram',
      },
      loaded,
      ({ labels, live: { record } }) =>
        record.firstResponse === undefined ? [] : histogramSamples(record.firstResponse, labels),
    ),
    familyOf(
      { name: 'nv_model_load_duration_secs', help: 'Model load time in seconds', type: 'gauge' },
      loaded,
      ({ labels, live }) => [{ labels, value: live.loadSecs }],
    ),
  ];
}

const reasonLabels: readonly (readonly [FailureReason, string])[] = [
  ['rejected', 'REJECTED'],
  ['canceled', 'CANCELED'],
  ['backend', 'BACKEND'],
  ['other', 'OTHER'],
];

function counts(
  all: readonly Series[],
  loaded: readonly LoadedSeries[],
  options: TritonFamilyOptions,
): Family[] {
  const counter = (name: string, help: string, read: (live: LiveSeries) => number): Family =>
    familyOf({ name, help, type: 'counter' }, loaded, (one) => [
      { labels: executedLabels(one, options), value: read(one.live) },
    ]);
  return [
    counter(
      'nv_inference_request_success',
      'Number of successful inference requests, all batch sizes',
      ({ record }) => record.statistics.success.count,
    ),
    familyOf(
      {
        name: 'nv_inference_request_failure',
        help: 'Number of failed inference requests, all batch sizes',
        type: 'counter',
      },
      all,
      ({ labels, failures }) =>
        reasonLabels.map(([reason, label]) => ({
          labels: { ...labels, reason: label },
          value: failures[reason].count,
        })),
    ),
    counter(
      'nv_inference_count',
      'Number of inferences performed (does not include cached requests)',
      ({ record }) => record.statistics.inferenceCount,
    ),
    counter(
      'nv_inference_exec_count',
      'Number of model executions performed (does not include cached requests)',
      ({ record }) => record.statistics.executionCount,
    ),
    familyOf(
      {
        name: 'nv_inference_pending_request_count',
        help: 'Instantaneous number of pending requests awaiting execution per-model.',
        type: 'gauge',
      },
      loaded,
      ({ labels, live }) => [{ labels, value: live.batching.reduce((sum, { waiting }) => sum + waiting, 0) }],
    ),
  ];
}

/** What is said of each stage, in Triton's words. */
const stages: readonly (readonly [StageName, name: string, what: string])[] = [
  ['request', 'request', 'inference request'],
  ['queue', 'queue', 'inference queuing'],
  ['input', 'compute_input', 'compute input'],
  ['infer', 'compute_infer', 'compute inference'],
  ['output', 'compute_output', 'inference compute output'],
];

function durations(loaded: readonly LoadedSeries[], options: TritonFamilyOptions): Family[] {
  return stages.map(([stage, name, what]) =>
    familyOf(
      {
        name: `nv_inference_${name}_duration_us`,
        help: `Cumulative ${what} duration in microseconds`,
        type: 'counter',
      },
      loaded,
      (one) => [{ labels: executedLabels(one, options), value: wholeUs(durationOf(one.live, stage)) }],
    ),
  );
}

function durationOf({ record: { statistics } }: LiveSeries, stage: StageName): DurationTotal {
  if (stage === 'request') return statistics.success;
  return stage === 'queue' ? statistics.queue : statistics.compute[stage];
}

/** The sum is kept to the nanosecond; Triton drops the rest of each request. */
function wholeUs({ ns }: DurationTotal): number {
  return Number(ns / 1000n);
}

/** There is no cache yet: a model that asks for one shows it at zero. */
function cacheCounters(loaded: readonly LoadedSeries[]): Family[] {
  const zero = (name: string, help: string): Family =>
    familyOf({ name, help, type: 'counter' }, loaded, ({ labels, live }) =>
      live.cached ? [{ labels, value: 0 }] : [],
    );
  return [
    zero('nv_cache_num_hits_per_model', 'Number of cache hits per model'),
    zero('nv_cache_num_misses_per_model', 'Number of cache misses per model'),
    zero('nv_cache_hit_duration_per_model', 'Total cache hit duration per model, in microseconds'),
    zero('nv_cache_miss_duration_per_model', 'Total cache miss duration per model, in microseconds'),
  ];
}

function summaries(loaded: readonly LoadedSeries[], quantiles: readonly Quantile[]): Family[] {
  const head = (name: string, what: string): FamilyHead => ({
    name,
    help: `Summary of ${what} in microseconds`,
    type: 'summary',
  });
  const empty = ({ labels, live }: LoadedSeries): Sample[] => {
    if (!live.cached) return [];
    const read = quantiles.map(({ quantile }) => ({
      labels: { ...labels, quantile: String(quantile) },
      value: NaN,
    }));
    return [...read, { labels, value: 0, suffix: '_sum' }, { labels, value: 0, suffix: '_count' }];
  };
  return [
    ...stages.map(([stage, name, what]) =>
      familyOf(head(`nv_inference_${name}_summary_us`, `${what} duration`), loaded, ({ labels, live }) =>
        // As in Triton: where a cache answers, this one is not kept.
        stage === 'request' && live.cached ? [] : (live.summaries?.[stage].samples(labels) ?? []),
      ),
    ),
    familyOf(head('nv_cache_hit_summary_per_model', 'cache hit durations'), loaded, empty),
    familyOf(head('nv_cache_miss_summary_per_model', 'cache miss durations'), loaded, empty),
  ];
}

/** Who executes on one GPU says which. */
function executedLabels(
  { labels, live }: LoadedSeries,
  { gpuUuid }: TritonFamilyOptions,
): Readonly<Record<string, string>> {
  const [gpu, other] = live.gpus;
  const uuid = gpu === undefined || other !== undefined ? undefined : gpuUuid(gpu);
  return uuid === undefined ? labels : { gpu_uuid: uuid, ...labels };
}
