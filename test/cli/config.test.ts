import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { sameConfig } from '../../src/config/compare.js';
import { modelConfigToJson } from '../../src/config/json.js';
import { parseModelConfig } from '../../src/config/parse.js';
import { run } from '../support/command.js';
import { fixed, rows } from '../support/completed.js';
import { writeModel } from '../support/onnx-model.js';
import { sampleModels, withFolder } from '../support/server.js';

const mlp = path.join(sampleModels, 'mlp');

test('it prints a config that means the same when it is read again, in both forms', async () => {
  const { code, out, err } = await run('config', mlp);
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /^name: "mlp"\nplatform: "onnxruntime_onnx"\nbackend: "onnxruntime"\n/);
  const config = parseModelConfig(out, 'printed');
  const json = await run('config', '--json', `${mlp}/`);
  assert.deepEqual([json.code, json.out], [0, `${modelConfigToJson(config)}\n`]);
});

test('what the config leaves out is read from the model, and what was printed needs no completion', async () => {
  await withFolder(async (folder) => {
    await writeModel(path.join(folder, 'm'), { '1/model.onnx': rows });
    const first = await run('config', path.join(folder, 'm'));
    assert.equal(first.code, 0);
    assert.match(first.err, /autofilled max_batch_size to 4 for model 'm'/);
    assert.match(first.out, /name: "x"\n +data_type: TYPE_FP32\n +dims: \[ 2 \]/);
    await writeModel(path.join(folder, 'm'), { 'config.pbtxt': first.out });
    const second = await run('config', path.join(folder, 'm'), '--disable-auto-complete-config');
    assert.deepEqual([second.code, second.err], [0, '']);
    const [one, other] = [first, second].map(({ out }) => parseModelConfig(out, 'printed'));
    assert.ok(sameConfig(one!, other!));
  });
});

test('where versions differ the highest is asked, or the one that is named', async () => {
  await withFolder(async (folder) => {
    const model = path.join(folder, 'm');
    await writeModel(model, { '1/model.onnx': fixed, '2/model.onnx': rows });
    const size = async (...args: string[]): Promise<number> =>
      parseModelConfig((await run('config', model, ...args)).out, 'printed').maxBatchSize;
    assert.equal(await size(), 4);
    assert.equal(await size('--version=1'), 0);
    assert.equal(await size('--version', '2'), 4);
    const { code, out, err } = await run('config', model, '--version=3');
    assert.deepEqual([code, out], [1, '']);
    assert.equal(
      err.replaceAll(folder, 'R'),
      `R/m\n  wrong: model 'm' has no version 3\n         To mend it: ask for one that is there: '1', '2'\n`,
    );
  });
});

test('all that is wrong goes to standard error, with its place', async () => {
  await withFolder(async (folder) => {
    const model = path.join(folder, 'm');
    await writeModel(model, {
      'config.pbtxt': 'max_batch_size: -1\ninstance_group [ { kind: KIND_CPU passive: true } ]\n',
      '1/model.onnx': rows,
    });
    const { code, out, err } = await run('config', model);
    assert.deepEqual([code, out], [1, '']);
    assert.match(
      err,
      /wrong: 'max_batch_size' must be non-negative .*\n +at .*config\.pbtxt:1:1, in max_batch_size\n/,
    );
    assert.match(
      err,
      /wrong: every instance group of model m is passive.*\n +at .*config\.pbtxt:2:1, in instance_group\n/,
    );
  });
});

const mistakes: readonly (readonly [args: readonly string[], message: string])[] = [
  [['config'], 'a model must be named, e.g. nereid config model_repository/simple'],
  [['config', 'm', '--version=one'], "--version is 'one', expected the number of a version"],
  [['config', 'm', '--verson=1'], 'Bad option: "--verson". Did you mean "--version"?'],
  [['config', 'm', 'n'], "error: too many arguments for 'config'. Expected 1 argument but got 2."],
];

for (const [args, message] of mistakes) {
  test(`nereid ${args.join(' ')} is told what is wrong and ends with 2`, async () => {
    const err = `${message}\n\nnereid config --help lists all flags\n`;
    assert.deepEqual(await run(...args), { code: 2, signal: null, out: '', err });
  });
}

test('a folder that is no model is told as that', async () => {
  const { code, err } = await run('config', path.join(sampleModels, 'nothing'));
  assert.equal(code, 1);
  assert.match(err, /wrong: there is no model 'nothing' in '.*model_repository'/);
});
