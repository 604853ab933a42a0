import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { startServer, testModels, withFolder } from '../support/server.js';

test('4.1: a setting that is forwarded to the session is told in the log, those for a GPU in one line each', async () => {
  await withFolder(async (repository) => {
    const folder = path.join(repository, 'add_sub');
    await cp(path.join(testModels, 'add_sub'), folder, { recursive: true });
    const file = path.join(folder, 'config.pbtxt');
    const key = 'session.use_device_allocator_for_initializers';
    const more = [
      `parameters { key: "${key}" value { string_value: "on" } }`,
      'parameters { key: "gpu_mem_limit" value { string_value: "1" } }',
      'optimization { execution_accelerators { gpu_execution_accelerator { name: "tensorrt" } } }',
    ];
    await writeFile(file, [await readFile(file, 'utf8'), ...more].join('\n'));
    const server = await startServer({ repository });
    assert.equal(server.complete, true);
    for (const text of [
      `"Configuring '${key}' to '1' for 'add_sub'"`,
      `"'add_sub': parameter 'gpu_mem_limit' has an effect only on a GPU and is not used"`,
      `"'add_sub': accepted and without effect here: optimization.execution_accelerators.gpu_execution_accelerator"`,
    ]) {
      assert.equal(server.lines.filter((line) => line.includes(text)).length, 1, text);
    }
    await server.close();
  });
});
