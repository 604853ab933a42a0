import assert from 'node:assert/strict';
import { defaultConfigOptions, type ConfigOptions } from '../../src/repository/config-options.js';
import { TestClient, inferenceMethod, type AnyMessage } from './client.js';
import { identities } from './onnx-model.js';
import { startServer, withFolder, type TestServer } from './server.js';

/** A model whose rows come back as they are, and one that takes exactly one row. */
export const rows = identities([{ name: 'x', shape: ['n', 2] }], [{ name: 'y', shape: ['n', 2] }]);
export const fixed = identities([{ name: 'x', shape: [1, 2] }], [{ name: 'y', shape: [1, 2] }]);

export interface Served {
  readonly server: TestServer;
  readonly client: TestClient;
  /** The config of a model as a client gets it. */
  readonly config: (name: string, version?: string) => Promise<AnyMessage>;
  /** Why a version does not serve. */
  readonly reason: (name: string) => Promise<string | undefined>;
}

/** Serves the models that are written into a folder, and asks about them. */
export async function serving(
  write: (root: string) => Promise<void>,
  configs: Partial<ConfigOptions>,
  look: (served: Served) => Promise<void>,
): Promise<void> {
  await withFolder(async (root) => {
    await write(root);
    const repositoryOptions = { configs: { ...defaultConfigOptions, ...configs } };
    const server = await startServer({ repository: root, repositoryOptions });
    const client = new TestClient(server.port);
    try {
      await look({
        server,
        client,
        config: async (name, version = '') => {
          const outcome = await client.call(inferenceMethod('ModelConfig'), { name, version });
          return outcome.kind === 'ok' ? outcome.response.config : assert.fail(outcome.details);
        },
        reason: async (name) =>
          (await server.server.index('', false)).find((entry) => entry.name === name)?.reason,
      });
    } finally {
      client.raw.close();
      await server.close();
    }
  });
}

/** What completion decides of a config, in few words. */
export function summary(config: AnyMessage): object {
  const tensors = (list: AnyMessage[]): string[] =>
    list.map(({ name, data_type: type, dims }) => `${name} ${type} ${dims.join()}`);
  return {
    size: config.max_batch_size,
    inputs: tensors(config.input),
    outputs: tensors(config.output),
    preferred: config.dynamic_batching?.preferred_batch_size,
  };
}
