import assert from 'node:assert/strict';
import { access, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { writeOverride } from '../../src/repository/override.js';

const bytes = Buffer.from('model');

test('files that came along lie in a folder of their own, which is gone behind its last user', async () => {
  const folder = await writeOverride(
    new Map([
      ['1/model.onnx', bytes],
      ['labels.txt', Buffer.from('cat')],
      ['./2/../3/deep/weights', bytes],
    ]),
  );
  assert.equal(await readFile(path.join(folder.path, '1/model.onnx'), 'utf8'), 'model');
  assert.equal(await readFile(path.join(folder.path, '3/deep/weights'), 'utf8'), 'model');
  assert.deepEqual((await readdir(folder.path)).sort(), ['1', '3', 'labels.txt']);
  folder.retain();
  await folder.release();
  await access(folder.path);
  await folder.release();
  await assert.rejects(access(folder.path));
});

const leaving = ['../x', '1/../../x', '/etc/x', '..', '.', '', '1/', 'a\0b', '1/../..', './../x'];

for (const name of leaving) {
  test(`a file called ${JSON.stringify(name)} is refused, and nothing is written`, async () => {
    const files = new Map([
      ['1/model.onnx', bytes],
      [name, bytes],
    ]);
    await assert.rejects(writeOverride(files), {
      message: `Invalid file parameter 'file:${name}' with normalized path '${path.normalize(name)}' must stay within model directory.`,
    });
  });
}

test('whatever files are called, they are refused or lie in the folder', async () => {
  const part = fc.constantFrom('..', '.', '', 'a', '1', ' ', '...', '..a', '~', '\\', '%2e%2e');
  await fc.assert(
    fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 6 }), async (parts) => {
      const name = parts.join('/');
      const folder = await writeOverride(new Map([[name, bytes]])).catch(() => undefined);
      if (folder === undefined) return;
      const file = path.resolve(folder.path, name);
      assert.ok(file.startsWith(folder.path + path.sep), file);
      assert.equal(await readFile(file, 'utf8'), 'model');
      await folder.release();
    }),
    { numRuns: 300 },
  );
});
