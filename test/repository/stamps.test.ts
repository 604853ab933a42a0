import assert from 'node:assert/strict';
import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { sameStamps, sameVersionFiles, toModelStamps } from '../../src/repository/stamps.js';
import { openLocal } from '../../src/storage/local.js';
import type { ModelStamps } from '../../src/repository/stamps.js';
import { withFolder } from '../support/server.js';

async function look(folder: string): Promise<ModelStamps> {
  const [root, name] = [path.dirname(folder), path.basename(folder)];
  return toModelStamps(name, await openLocal(root).list(name));
}

/** A model of two versions, looked at before and after something was done to it. */
async function withChange(
  change: (model: string) => Promise<unknown>,
  judge: (before: ModelStamps, after: ModelStamps) => void,
): Promise<void> {
  await withFolder(async (root) => {
    const model = path.join(root, 'm');
    for (const version of ['1', '2']) {
      await mkdir(path.join(model, version), { recursive: true });
      await writeFile(path.join(model, version, 'model.onnx'), version);
    }
    await mkdir(path.join(model, 'configs'));
    await writeFile(path.join(model, 'config.pbtxt'), 'max_batch_size: 1');
    await writeFile(path.join(model, 'configs/small.pbtxt'), 'max_batch_size: 1');
    await writeFile(path.join(model, 'labels.txt'), 'cat');
    const before = await look(model);
    await change(model);
    judge(before, await look(model));
  });
}

/** Which parts are as they were: config, version 1, version 2, the other files. */
function kept(before: ModelStamps, after: ModelStamps): string {
  const parts = [
    before.config === after.config ? 'config' : '',
    before.versions.get(1) === after.versions.get(1) ? '1' : '',
    before.versions.get(2) === after.versions.get(2) ? '2' : '',
    before.others === after.others ? 'others' : '',
  ];
  assert.equal(sameStamps(before, after), !parts.includes(''));
  return parts.filter(Boolean).join(' ');
}

const old = new Date('2001-01-01');

const changes: readonly [string, (model: string) => Promise<unknown>, string][] = [
  ['nothing', async () => {}, 'config 1 2 others'],
  ['the config is written', (m) => writeFile(path.join(m, 'config.pbtxt'), ''), '1 2 others'],
  ['a custom config is written', (m) => writeFile(path.join(m, 'configs/small.pbtxt'), ''), '1 2 others'],
  ['the config is removed', (m) => rm(path.join(m, 'config.pbtxt')), '1 2 others'],
  ['a model file is written', (m) => writeFile(path.join(m, '2/model.onnx'), 'x'), 'config 1 others'],
  ['an older file takes its place', (m) => utimes(path.join(m, '2/model.onnx'), old, old), 'config 1 others'],
  ['a file comes beside it', (m) => writeFile(path.join(m, '2/weights'), ''), 'config 1 others'],
  ['a version is removed', (m) => rm(path.join(m, '2'), { recursive: true }), 'config 1 others'],
  ['labels are written', (m) => writeFile(path.join(m, 'labels.txt'), 'dog'), 'config 1 2'],
  ['labels are renamed', (m) => rename(path.join(m, 'labels.txt'), path.join(m, 'l.txt')), 'config 1 2'],
  ['a folder that is no version comes', (m) => mkdir(path.join(m, 'warmup')), 'config 1 2'],
  [
    'a link leads back up, which is passed over',
    (m) => symlink(m, path.join(m, '1/up')),
    'config 1 2 others',
  ],
];

describe('what tells a change', () => {
  for (const [what, change, stays] of changes) {
    test(what, () => withChange(change, (before, after) => assert.equal(kept(before, after), stays)));
  }

  test('a third version changes neither of the others', () =>
    withChange(
      (model) => mkdir(path.join(model, '3')),
      (before, after) => {
        assert.deepEqual([...after.versions.keys()].join(), '1,2,3');
        assert.ok(sameVersionFiles(1, before, after) && sameVersionFiles(2, before, after));
        assert.ok(!sameVersionFiles(3, before, after));
        assert.ok(!sameStamps(before, after));
      },
    ));
});
