import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { rows } from '../support/completed.js';
import { writeModel } from '../support/onnx-model.js';
import { brokenModels, root, withFolder } from '../support/server.js';

const check = pathToFileURL(path.join(root, 'dist/src/repository/check-repositories.js')).href;
const log = pathToFileURL(path.join(root, 'dist/src/repository/quiet-log.js')).href;

test('when all is checked, or the check was stopped, every thread has ended and every file of its own is gone', async () => {
  await withFolder(async (folder) => {
    const options = { configs: { autoComplete: true, defaultMaxBatchSize: 4 }, gpus: [], intraOpThreads: 1 };
    await writeModel(path.join(folder, 'repository/shared'), {
      'config.pbtxt': 'parameters { key: "nereid.share_weights" value { string_value: "true" } }',
      '1/model.onnx': rows,
    });
    await writeModel(path.join(folder, 'repository/inline'), {
      'config.pbtxt': 'parameters { key: "nereid.instances" value { string_value: "inline" } }',
      '1/model.onnx': rows,
    });
    await mkdir(path.join(folder, 'tmp'));
    const places = [brokenModels, path.join(folder, 'repository')];
    // A thread that is left would keep this process, which nothing ends but having nothing to do.
    const script = `
      import { checkRepositories } from ${JSON.stringify(check)};
      import { quietLog } from ${JSON.stringify(log)};
      const options = { ...${JSON.stringify(options)}, concurrency: 2, namespacing: false, log: quietLog() };
      const controller = new AbortController();
      const stopped = checkRepositories(${JSON.stringify(places)}, { ...options, signal: controller.signal });
      setImmediate(() => controller.abort(new Error('stopped')));
      console.log(await stopped.then(() => 'not stopped', ({ message }) => message));
      const { models } = await checkRepositories(${JSON.stringify(places)}, { ...options, signal: new AbortController().signal });
      console.log(models.filter(({ findings }) => findings.length === 0).map(({ name }) => name).join());`;
    const file = path.join(folder, 'script.mjs');
    await writeFile(file, script);
    const child = spawn(process.execPath, [file], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: path.join(folder, 'tmp') },
    });
    let out = '';
    child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()));
    const [code] = await once(child, 'close');
    assert.deepEqual([code, out], [0, 'stopped\ngood,inline,shared\n']);
    const left = await readdir(path.join(folder, 'tmp'));
    assert.deepEqual(
      left.filter((name) => name.startsWith('nereid-')),
      [],
    );
  });
});
