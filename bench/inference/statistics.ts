import { status } from '@grpc/grpc-js';
import { ServiceClient } from '../service-client.js';

/** What a server counted of a model since it was loaded. */
export interface Counts {
  readonly inferences: number;
  readonly executions: number;
  readonly requests: number;
  /** Time of all requests from arrival to response, and what of it was the model's run. */
  readonly totalNs: number;
  readonly runNs: number;
}

interface Duration {
  readonly count: number;
  readonly ns: number;
}

interface Answer {
  readonly model_stats: readonly {
    readonly inference_count: number;
    readonly execution_count: number;
    readonly inference_stats: { readonly success: Duration; readonly compute_infer: Duration };
  }[];
}

/** Asks ModelStatistics; undefined of a server that does not have it. */
export async function readCounts(port: number, model: string): Promise<Counts | undefined> {
  const client = new ServiceClient(port);
  try {
    const answer = await client
      .call<Answer>('ModelStatistics', { name: model })
      .catch((error: { code?: unknown }) => {
        if (error.code === status.UNIMPLEMENTED) return undefined;
        throw error;
      });
    const [found] = answer?.model_stats ?? [];
    if (found === undefined) return undefined;
    const { success, compute_infer: run } = found.inference_stats;
    return {
      inferences: found.inference_count,
      executions: found.execution_count,
      requests: success.count,
      totalNs: success.ns,
      runNs: run.ns,
    };
  } finally {
    client.close();
  }
}

/** Rows of an execution between two counts, and what a request cost beside its run. */
export function between(
  before: Counts | undefined,
  after: Counts | undefined,
): { averageBatch: number | undefined; overheadUs: number | undefined } {
  if (before === undefined || after === undefined) return { averageBatch: undefined, overheadUs: undefined };
  const executions = after.executions - before.executions;
  const requests = after.requests - before.requests;
  const besideNs = after.totalNs - before.totalNs - (after.runNs - before.runNs);
  return {
    averageBatch: executions === 0 ? undefined : (after.inferences - before.inferences) / executions,
    overheadUs: requests === 0 ? undefined : besideNs / requests / 1000,
  };
}
