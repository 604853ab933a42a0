import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { withFolder } from './server.js';

/** A repository of its own with some of the test models. */
export async function withModels(
  models: readonly string[],
  use: (root: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (root) => {
    const repository = path.join(root, 'models');
    await mkdir(repository);
    for (const model of models) await symlink(model, path.join(repository, path.basename(model)));
    await use(repository);
  });
}
