import assert from 'node:assert/strict';
import { BatchingRig } from './batching.js';
import { readPage, type MetricsPageText } from './metrics-page.js';
import { writeModels, type ServedModel } from './served-models.js';
import { startServer, withFolder, type ServerSetup } from './server.js';

export type MetricsSetup = Omit<Partial<ServerSetup>, 'repository'> & {
  readonly models: readonly ServedModel[];
};

/** A server of some models that serves metrics, and a client of it. */
export interface MetricsHouse {
  readonly rig: BatchingRig;
  /** The repository. */
  readonly folder: string;
  readonly page: () => Promise<MetricsPageText>;
}

export async function withMetrics(
  { models, ...setup }: MetricsSetup,
  use: (house: MetricsHouse) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await writeModels(folder, models);
    const server = await startServer({ repository: folder, metrics: {}, ...setup });
    const rig = new BatchingRig(server);
    try {
      assert.ok(server.complete, server.lines.join('\n'));
      await use({ rig, folder, page: () => readPage(server.metricsPort) });
    } finally {
      rig.client.close();
      await server.close();
    }
  });
}
