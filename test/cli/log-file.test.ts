import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { run, serve } from '../support/command.js';
import { withModels } from '../support/model-links.js';
import { brokenModels } from '../support/server.js';

const broken = path.join(brokenModels, 'missing_file');

test('a log file has every line, those before an early end included', async () => {
  await withModels([broken], async (repository) => {
    const log = path.join(repository, '../server.log');
    await writeFile(log, 'what was there\n');
    const { code, out, err } = await serve(`--model-repository=${repository}`, `--log-file=${log}`).ended;
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.match(err, /^error: creating server: .*\nThe log file says what is wrong\./);
    const lines = await readFile(log, 'utf8');
    assert.ok(lines.startsWith('what was there\n'));
    assert.match(lines, /failed to load 'missing_file' version 1/);
  });
});

test('a log file that cannot be written ends the start before anything is loaded', async () => {
  const { code, err } = await run('serve', '--model-repository=/nowhere', '--log-file=/nowhere/at/all.log');
  assert.equal(code, 1);
  assert.match(err, /^--log-file: cannot write '\/nowhere\/at\/all\.log': no such file or directory\n/);
});
