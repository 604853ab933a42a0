import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { listModelFolders, readModel, type ModelLayout } from '../../src/repository/layout.js';
import type { Log } from '../../src/telemetry/log.js';
import { memoryLog, withFolder } from '../support/server.js';

/** Reads a repository that was made of these folders; one that ends in a file name gets an empty file. */
async function read(folders: readonly string[], files: readonly string[] = []): Promise<Read> {
  return withFolder(async (root) => {
    for (const folder of folders) await mkdir(path.join(root, folder), { recursive: true });
    for (const file of files) await writeFile(path.join(root, file), '');
    const { log, lines } = memoryLog();
    const layouts = await readLayouts(root, log);
    return { layouts, lines: lines.map((line) => line.replaceAll(root, 'R')) };
  });
}

async function readLayouts(repository: string, log: Log): Promise<ModelLayout[]> {
  const names = await listModelFolders(repository);
  return Promise.all(names.map((name) => readModel(path.join(repository, name), log)));
}

interface Read {
  readonly layouts: readonly ModelLayout[];
  readonly lines: readonly string[];
}

test('every folder is a model, hidden ones too, and plain files are passed over', async () => {
  const { layouts } = await read(['b', 'a/1', '.hidden'], ['README.md']);
  assert.deepEqual(
    layouts.map(({ name, versions }) => ({ name, versions })),
    [
      { name: '.hidden', versions: [] },
      { name: 'a', versions: [1] },
      { name: 'b', versions: [] },
    ],
  );
});

test('folders with a number are versions, zero included', async () => {
  const { layouts, lines } = await read(['m/1', 'm/0', 'm/20', 'm/3']);
  assert.deepEqual(
    layouts[0]?.versions.toSorted((a, b) => a - b),
    [0, 1, 3, 20],
  );
  assert.deepEqual(lines, []);
});

test('folders for warm-up data, initial states and configs are no versions and nobody is told', async () => {
  const { layouts, lines } = await read(['m/1', 'm/warmup', 'm/initial_state', 'm/configs']);
  assert.deepEqual(layouts[0]?.versions, [1]);
  assert.deepEqual(lines, []);
});

const ignored: readonly (readonly [folder: string, warning: string])[] = [
  ['01', `ignore version directory '01' which contains leading zeros in its directory name (in 'R/m')`],
  ['00', `ignore version directory '00' which contains leading zeros in its directory name (in 'R/m')`],
  ['latest', `ignore version directory 'latest' which fails to convert to integral number (in 'R/m')`],
  ['1abc', `ignore version directory '1abc' which fails to convert to integral number (in 'R/m')`],
  ['-1', `ignore version directory '-1' which fails to convert to integral number (in 'R/m')`],
  ['1.5', `ignore version directory '1.5' which fails to convert to integral number (in 'R/m')`],
  [
    '99999999999999999999',
    `ignore version directory '99999999999999999999' which fails to convert to integral number (in 'R/m')`,
  ],
];

for (const [folder, warning] of ignored) {
  test(`a folder '${folder}' is no version, with a warning`, async () => {
    const { layouts, lines } = await read([`m/${folder}`, 'm/2']);
    assert.deepEqual(layouts[0]?.versions, [2]);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /^W/);
    assert.ok(lines[0]?.includes(JSON.stringify(warning)), lines[0]);
  });
}

test('a plain file with a number is no version', async () => {
  const { layouts, lines } = await read(['m'], ['m/1']);
  assert.deepEqual(layouts[0]?.versions, []);
  assert.deepEqual(lines, []);
});

test('a model.onnx is seen in a version, as a file or a folder, whatever other folders lie beside it', async () => {
  const { layouts } = await read(
    ['as_file/.cache', 'as_file/1', 'as_folder/1/model.onnx', 'without/1', 'elsewhere/docs'],
    ['as_file/1/model.onnx', 'without/1/other.onnx', 'elsewhere/docs/model.onnx'],
  );
  assert.deepEqual(
    layouts.map(({ name, hasOnnxFile }) => [name, hasOnnxFile]),
    [
      ['as_file', true],
      ['as_folder', true],
      ['elsewhere', false],
      ['without', false],
    ],
  );
});

test('symbolic links are followed, to models and to versions, and dangling ones passed over', async () => {
  await withFolder(async (root) => {
    await mkdir(path.join(root, 'elsewhere/numbers/7'), { recursive: true });
    await mkdir(path.join(root, 'repository/m'), { recursive: true });
    await symlink(path.join(root, 'elsewhere/numbers'), path.join(root, 'repository/linked'));
    await symlink(path.join(root, 'elsewhere/numbers/7'), path.join(root, 'repository/m/1'));
    await symlink(path.join(root, 'nowhere'), path.join(root, 'repository/dangling'));
    const layouts = await readLayouts(path.join(root, 'repository'), memoryLog().log);
    assert.deepEqual(
      layouts.map(({ name, versions }) => ({ name, versions })),
      [
        { name: 'linked', versions: [7] },
        { name: 'm', versions: [1] },
      ],
    );
  });
});
