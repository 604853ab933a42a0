import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { testModels } from './server.js';

/** One of the test models, served under a name and with a config of a test's own. */
export interface ServedModel {
  /** The test model's name. */
  readonly graph: string;
  /** The same when left out. */
  readonly name?: string;
  readonly maxBatchSize?: number;
  readonly instances?: number;
  /** More lines for its config. */
  readonly settings?: string;
}

/** Writes a repository of such models into a folder. */
export async function writeModels(folder: string, models: readonly ServedModel[]): Promise<void> {
  for (const model of models) {
    const { graph, name = graph } = model;
    const target = path.join(folder, name);
    await mkdir(target, { recursive: true });
    await symlink(path.join(testModels, graph, '1'), path.join(target, '1'));
    const config = await readFile(path.join(testModels, graph, 'config.pbtxt'), 'utf8');
    await writeFile(path.join(target, 'config.pbtxt'), edited(config, { ...model, name }));
  }
}

function edited(config: string, model: ServedModel & { readonly name: string }): string {
  const { name, maxBatchSize, instances = 1, settings = '' } = model;
  let text = config.replace(/^name: .*$/m, `name: "${name}"`).replace(/count: \d+/, `count: ${instances}`);
  if (maxBatchSize !== undefined) {
    text = text.replace(/^max_batch_size: .*$/m, `max_batch_size: ${maxBatchSize}`);
  }
  return `${text}${settings}\n`;
}
