import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { monotonicClock } from '../../../src/inference/clock.js';
import { Repository } from '../../../src/repository/repository.js';
import type { Environment } from '../../../src/storage/storage.js';
import type { Log } from '../../../src/telemetry/log.js';
import { Arena } from '../../../src/tensors/arena.js';
import { eventually } from '../../support/eventually.js';
import { testModels } from '../../support/server.js';

/** An empty repository in a cloud, how its objects come and go, and the folder for copies. */
export interface CloudRepository {
  readonly url: string;
  readonly env: Environment;
  readonly put: (files: Readonly<Record<string, string | Buffer>>) => Promise<void>;
  readonly remove: (key: string) => Promise<unknown>;
  readonly folder: string;
  readonly log: Log;
}

function adder(version: number): Promise<Buffer> {
  return readFile(path.join(testModels, 'versions_all', String(version), 'model.onnx'));
}

/** Loads what lies there, follows new, broken and removed versions, and looks that no copy stays. */
export async function serveAndFollow({ url, env, put, remove, folder, log }: CloudRepository): Promise<void> {
  await put({ 'adder/1/model.onnx': await adder(1), 'adder/2/model.onnx': await adder(2) });
  const repository = new Repository(
    { folders: [url], env, control: 'poll', loadConcurrency: 2, coreCount: 2, gpus: [] },
    { clock: monotonicClock, arena: new Arena({ keptBytesMax: 0, shared: false }), log },
  );
  const ready = async (): Promise<string> =>
    (await repository.index(true)).map(({ name, version }) => `${name}:${version}`).join();
  const follow = async (): Promise<void> => repository.follow([...(await repository.changes()).keys()]);
  const copies = async (): Promise<number> => (await readdir(folder)).length;
  try {
    assert.equal(await repository.loadAll(), true);
    assert.equal(await ready(), 'adder:2');
    assert.equal(await copies(), 1);
    assert.equal((await repository.changes()).size, 0);
    await put({ 'adder/3/model.onnx': await adder(3) });
    await follow();
    assert.equal(await ready(), 'adder:3');
    await eventually(async () => (await copies()) === 1, 'the old copy is gone');
    await put({ 'adder/3/model.onnx': 'no model' });
    await follow();
    assert.equal(await ready(), 'adder:3');
    for (const version of [1, 2, 3]) await remove(`adder/${version}/model.onnx`);
    await put({ 'other/README': 'so that the folder is there' });
    await follow();
    await eventually(async () => (await ready()) === '', 'it is unloaded');
  } finally {
    await repository.close();
  }
  await eventually(async () => (await copies()) === 0, 'no copy is left');
}
