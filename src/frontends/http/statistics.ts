import type { DurationTotal } from '../../models/duration-sum.js';
import type { ComputeTotals } from '../../models/statistics.js';
import type { Server } from '../../server/server.js';
import type { VersionStatistics } from '../../server/statistics.js';
import { jsonAnswer, type Endpoints } from './exchange.js';

/** What models have done: one version, all of a model, or all that there are. */
export function statisticsEndpoints(server: Server): Endpoints {
  return {
    'model/stats': {
      category: 'statistics',
      GET: ({ target }) => {
        const each = server.statistics(target.model, target.version).map(toJson);
        return jsonAnswer(`{"model_stats":[${each.join(',')}]}`);
      },
    },
  };
}

const nothing = '{"count":0,"ns":0}';

/** All keys are there, as clients expect; nanoseconds may be more than a JavaScript number holds, so this is text. */
function toJson(statistics: VersionStatistics): string {
  const { name, version, lastInferenceMs, inferenceCount, executionCount, batches } = statistics;
  const head = JSON.stringify({
    name,
    version: String(version),
    last_inference: lastInferenceMs,
    inference_count: inferenceCount,
    execution_count: executionCount,
  });
  const success = `"success":${duration(statistics.success)},"fail":${duration(statistics.fail)}`;
  const queue = `"queue":${duration(statistics.queue)},${compute(statistics.compute)}`;
  const cache = `"cache_hit":${nothing},"cache_miss":${nothing}`;
  const sizes = batches.map((batch) => `{"batch_size":${batch.batchSize},${compute(batch.compute)}}`);
  const rest = `"response_stats":{},"batch_stats":[${sizes.join(',')}],"memory_usage":[]`;
  return `${head.slice(0, -1)},"inference_stats":{${success},${queue},${cache}},${rest}}`;
}

function compute({ input, infer, output }: ComputeTotals): string {
  return `"compute_input":${duration(input)},"compute_infer":${duration(infer)},"compute_output":${duration(output)}`;
}

function duration({ count, ns }: DurationTotal): string {
  return `{"count":${count},"ns":${ns}}`;
}
