import { formatTable } from '../../src/loadtest/report.js';
import { encodeModelRequest } from '../models/request.js';
import { peakBytes, residentBytes } from '../process-usage.js';
import { progress } from '../progress.js';
import { servingOf, type InferenceOptions } from './options.js';
import { answerBytes } from './probe.js';
import { serve } from './server.js';

/** What a model of 100 MB costs in memory. */
export interface WeightsResult {
  readonly model: string;
  readonly instanceCount: number;
  readonly residentMiB: number;
  /** While it was loaded. */
  readonly peakMiB: number;
}

const MiB = 1024 * 1024;
/** Calls after the load, so that every instance has run and holds what it will hold. */
const callsPerInstance = 4;

/** Weights inside the file and beside it, with one instance and with several. */
export async function measureWeights(options: InferenceOptions): Promise<WeightsResult[]> {
  const results: WeightsResult[] = [];
  for (const name of ['tiny_mlp', 'large_100mb', 'large_100mb_external']) {
    for (const instanceCount of name === 'tiny_mlp' ? [1] : [1, 2, 4]) {
      progress(`weights: ${name} × ${instanceCount}`);
      const serving = { ...servingOf(name, options), instanceCount };
      const server = await serve('weights', [serving], { flags: options.serverFlags });
      try {
        const message = encodeModelRequest(serving.model);
        const calls = Array.from({ length: instanceCount * callsPerInstance }, () =>
          answerBytes(server.port, message),
        );
        await Promise.all(calls);
        const { pid } = server;
        const [residentMiB, peakMiB] = [residentBytes(pid) / MiB, peakBytes(pid) / MiB];
        results.push({ model: name, instanceCount, residentMiB, peakMiB });
      } finally {
        await server.close();
      }
    }
  }
  return results;
}

export function weightsTable(results: readonly WeightsResult[]): string {
  const rows = results.map(({ model, instanceCount, residentMiB, peakMiB }) => [
    model,
    String(instanceCount),
    residentMiB.toFixed(0),
    peakMiB.toFixed(0),
  ]);
  return `memory of weights\n\n${formatTable(['model', 'instances', 'RSS MiB', 'peak MiB'], rows)}`;
}
