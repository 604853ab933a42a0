import type { ModelConfig } from '../generated/model_config_pb.js';
import type { FailureReason, RefusalReason } from '../inference/error.js';
import {
  addBatchingTotals,
  type BatchingReport,
  type BatchingTotals,
} from '../scheduling/batching-report.js';
import { addCounts, type HistogramCounts } from '../telemetry/histogram.js';
import { sumTotals, type DurationTotal } from './duration-sum.js';
import { eachStage, type Stages } from './observations.js';
import type { BatchTotals, ComputeTotals, Statistics, StatisticsSnapshot } from './statistics.js';

/** A version, as far as its metrics are concerned. */
export interface CountedVersion {
  readonly version: number;
  readonly config: ModelConfig;
  readonly statistics: Statistics;
  readonly work: VersionWork;
  /** The GPUs that its instances run on. */
  readonly gpus: readonly number[];
  batching(): BatchingReport;
}

/** What the instances of a version do, at a moment. */
export interface VersionWork {
  /** How long they were at work together. */
  readonly busyUs: number;
  /** How long the request has waited that has waited longest. */
  readonly oldestAgeUs: number;
  readonly aliveCount: number;
  readonly restartCount: number;
}

/** All that only grows while a version serves. */
export interface VersionRecord {
  readonly statistics: StatisticsSnapshot;
  readonly refusals: Readonly<Record<RefusalReason, number>>;
  readonly batching: BatchingTotals;
  readonly busyUs: number;
  readonly restartCount: number;
  readonly stages: Stages<HistogramCounts> | undefined;
  readonly firstResponse: HistogramCounts | undefined;
}

/** What a version has done by now. */
export function readRecord(loaded: CountedVersion): VersionRecord {
  const { statistics, work } = loaded;
  const { observations, refusals } = statistics;
  return {
    statistics: statistics.snapshot(),
    refusals,
    batching: loaded.batching(),
    busyUs: work.busyUs,
    restartCount: work.restartCount,
    stages: observations && eachStage((stage) => observations.stages[stage].counts),
    firstResponse: observations?.firstResponse?.counts,
  };
}

/** What both have done; histograms of other buckets than those of `a` are left out. */
export function addRecords(a: VersionRecord, b: VersionRecord): VersionRecord {
  return {
    statistics: addStatistics(a.statistics, b.statistics),
    refusals: addEach(a.refusals, b.refusals),
    batching: addBatchingTotals(a.batching, b.batching),
    busyUs: a.busyUs + b.busyUs,
    restartCount: a.restartCount + b.restartCount,
    stages: addStages(a.stages, b.stages),
    firstResponse: a.firstResponse && addCounts(a.firstResponse, b.firstResponse),
  };
}

/** Failures of each reason, of both. */
export function addFailures(
  a: Readonly<Record<FailureReason, DurationTotal>>,
  b: Readonly<Record<FailureReason, DurationTotal>>,
): Record<FailureReason, DurationTotal> {
  return {
    rejected: sumTotals([a.rejected, b.rejected]),
    canceled: sumTotals([a.canceled, b.canceled]),
    backend: sumTotals([a.backend, b.backend]),
    other: sumTotals([a.other, b.other]),
  };
}

function addStatistics(a: StatisticsSnapshot, b: StatisticsSnapshot): StatisticsSnapshot {
  return {
    lastInferenceMs: Math.max(a.lastInferenceMs, b.lastInferenceMs),
    inferenceCount: a.inferenceCount + b.inferenceCount,
    executionCount: a.executionCount + b.executionCount,
    success: sumTotals([a.success, b.success]),
    fail: sumTotals([a.fail, b.fail]),
    failures: addFailures(a.failures, b.failures),
    queue: sumTotals([a.queue, b.queue]),
    compute: addCompute(a.compute, b.compute),
    batches: addBatches(a.batches, b.batches),
  };
}

function addCompute(a: ComputeTotals, b: ComputeTotals): ComputeTotals {
  return {
    input: sumTotals([a.input, b.input]),
    infer: sumTotals([a.infer, b.infer]),
    output: sumTotals([a.output, b.output]),
  };
}

function addBatches(a: readonly BatchTotals[], b: readonly BatchTotals[]): BatchTotals[] {
  const bySize = new Map(a.map((batch) => [batch.batchSize, batch]));
  for (const { batchSize, compute } of b) {
    const other = bySize.get(batchSize);
    bySize.set(batchSize, {
      batchSize,
      compute: other === undefined ? compute : addCompute(other.compute, compute),
    });
  }
  return [...bySize.values()].sort((one, other) => one.batchSize - other.batchSize);
}

function addEach<Name extends string>(
  a: Readonly<Record<Name, number>>,
  b: Readonly<Record<Name, number>>,
): Record<Name, number> {
  const names = Object.keys(a) as Name[];
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as Record<Name, number>;
}

function addStages(
  a: VersionRecord['stages'],
  b: VersionRecord['stages'],
): Stages<HistogramCounts> | undefined {
  return a && eachStage((stage) => addCounts(a[stage], b?.[stage]));
}
