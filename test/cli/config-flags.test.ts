import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toServeOptions, type ServeOptions } from '../../src/cli/options.js';
import { UsageError } from '../../src/cli/usage-error.js';
import { run, serve } from '../support/command.js';
import { withFolder } from '../support/server.js';

function options(given: Readonly<Record<string, string>>): ServeOptions {
  const flags = { 'model-repository': 'models', ...given };
  return toServeOptions(new Map(Object.entries(flags).map(([name, value]) => [name, [value]])));
}

const deprecated =
  "Warning: '--strict-model-config' has been deprecated! Please use '--disable-auto-complete-config' instead.";
const overridden =
  "Warning: Overriding deprecated '--strict-model-config' from False to True in favor of '--disable-auto-complete-config'!";
const disabled = { 'disable-auto-complete-config': '' };

const rows: readonly (readonly [
  given: Readonly<Record<string, string>>,
  autoComplete: boolean,
  warnings: string[],
])[] = [
  [{}, true, []],
  [disabled, false, []],
  [{ 'strict-model-config': 'true' }, false, [deprecated]],
  [{ 'strict-model-config': 'ON' }, false, [deprecated]],
  [{ 'strict-model-config': 'false' }, true, [deprecated]],
  [{ 'strict-model-config': 'true', ...disabled }, false, [deprecated]],
  [{ 'strict-model-config': '0', ...disabled }, false, [deprecated, overridden]],
];

for (const [given, autoComplete, warnings] of rows) {
  const shown = Object.entries(given).map(([name, value]) => `--${name}=${value}`);
  test(`[${shown.join(' ')}] turns completion ${autoComplete ? 'on' : 'off'} (models.md 3.1)`, () => {
    const read = options(given);
    assert.equal(read.configs.autoComplete, autoComplete);
    assert.deepEqual(read.warnings, warnings);
  });
}

test('a config has a name, and an empty one is refused in the words of Triton (models.md 3.1)', () => {
  assert.equal(options({ 'model-config-name': 'small' }).configs.configName, 'small');
  assert.equal(options({}).configs.configName, undefined);
  assert.throws(
    () => options({ 'model-config-name': '' }),
    (error) =>
      error instanceof UsageError && error.message === 'Error: empty argument for --model-config-name',
  );
});

test('an empty name ends the start', async () => {
  const { code, err } = await run('serve', '--model-repository=models', '--model-config-name=');
  assert.equal(code, 1);
  assert.match(err, /^Error: empty argument for --model-config-name\n/);
});

test('the deprecated flag warns in the log and counts', async () => {
  await withFolder(async (repository) => {
    const command = serve(`--model-repository=${repository}`, '--strict-model-config=true');
    await command.port();
    const { out, err, code } = await command.stop();
    assert.equal(code, 0);
    assert.ok(`${out}${err}`.includes("'--strict-model-config' has been deprecated!"));
  });
});
