import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { ModelSpec } from '../../src/config/tensor-spec.js';
import { readLabels } from '../../src/models/labels.js';
import { failure } from '../support/scheduler.js';
import { withFolder } from '../support/server.js';

function spec(...labelFiles: string[]): ModelSpec {
  const outputs = labelFiles.map((labelFile, index) => ({
    name: `X${index}`,
    datatype: 'FP32' as const,
    dims: [4],
    modelDims: [4],
    optional: false,
    labelFile,
  }));
  return { name: 'm', maxBatchSize: 0, inputs: [], outputs };
}

test('a label file has one label a line, counted from 0; a carriage return is part of the label', async () => {
  await withFolder(async (folder) => {
    await writeFile(path.join(folder, 'a.txt'), 'cat\r\n\nhot dog\n');
    await writeFile(path.join(folder, 'b.txt'), 'one\ntwo');
    await writeFile(path.join(folder, 'c.txt'), '');
    const labels = await readLabels(spec('a.txt', 'b.txt', '', 'c.txt'), folder);
    assert.deepEqual(
      [...labels],
      [
        ['X0', ['cat\r', '', 'hot dog']],
        ['X1', ['one', 'two']],
        ['X3', []],
      ],
    );
  });
});

test('a label file may lie deeper in the folder and have any name', async () => {
  await withFolder(async (folder) => {
    await mkdir(path.join(folder, 'deep'));
    await writeFile(path.join(folder, 'deep/a.txt'), 'cat\n');
    await writeFile(path.join(folder, '..labels'), 'dog\n');
    const labels = await readLabels(spec('deep/a.txt', '..labels', 'deep/../..labels'), folder);
    assert.deepEqual([...labels.values()], [['cat'], ['dog'], ['dog']]);
  });
});

test('a label file that is missing is an error that names it', async () => {
  await withFolder(async (folder) => {
    const error = await failure(readLabels(spec('none.txt'), folder));
    const file = path.join(folder, 'none.txt');
    assert.equal(error.code, 'internal');
    assert.ok(
      error.message.startsWith(`failed to open text file for read ${file}: no such file or directory`),
      error.message,
    );
  });
});

for (const labelFile of ['../a.txt', '..', 'deep/../../a.txt', '/etc/hostname']) {
  test(`a label file outside of the folder is refused: ${labelFile}`, async () => {
    await withFolder(async (folder) => {
      const error = await failure(readLabels(spec(labelFile), folder));
      const file = path.resolve(folder, labelFile);
      assert.equal(error.code, 'unsupported');
      assert.equal(
        error.message,
        `label file path '${file}' for output 'X0' in model 'm' is outside model directory`,
      );
    });
  });
}
