import type { DurationTotal } from '../../models/duration-sum.js';
import type { ComputeTotals } from '../../models/statistics.js';
import type { Server } from '../../server/server.js';
import type { VersionStatistics } from '../../server/statistics.js';
import type {
  ComputeStatistics,
  ModelStatistics,
  ModelStatisticsResponse,
  NamedVersion,
  StatisticDuration,
} from './messages.js';

/** Answers ModelStatistics: every duration is there, the ones of zero too, as clients expect. */
export function modelStatistics(server: Server, { name, version }: NamedVersion): ModelStatisticsResponse {
  return { model_stats: server.statistics(name, version).map(toMessage) };
}

const nothing: StatisticDuration = { count: 0, ns: '0' };

function toMessage(statistics: VersionStatistics): ModelStatistics {
  const { name, version, lastInferenceMs, inferenceCount, executionCount } = statistics;
  return {
    name,
    version: String(version),
    last_inference: lastInferenceMs,
    inference_count: inferenceCount,
    execution_count: executionCount,
    inference_stats: {
      success: toDuration(statistics.success),
      fail: toDuration(statistics.fail),
      queue: toDuration(statistics.queue),
      ...toCompute(statistics.compute),
      cache_hit: nothing,
      cache_miss: nothing,
    },
    batch_stats: statistics.batches.map(({ batchSize, compute }) => ({
      batch_size: batchSize,
      ...toCompute(compute),
    })),
  };
}

function toCompute({ input, infer, output }: ComputeTotals): ComputeStatistics {
  return {
    compute_input: toDuration(input),
    compute_infer: toDuration(infer),
    compute_output: toDuration(output),
  };
}

function toDuration({ count, ns }: DurationTotal): StatisticDuration {
  return { count, ns: String(ns) };
}
