import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { AnyMessage } from '../support/client.js';
import {
  add,
  control,
  indexOf,
  load,
  putAdder,
  told,
  unload,
  withControlled,
} from '../support/controlled.js';
import { eventually } from '../support/eventually.js';
import { testModels } from '../support/server.js';

const pollFailed = "13 failed to load 'm', failed to poll from model repository";

function config(settings: object): AnyMessage {
  return { config: { string_param: JSON.stringify({ backend: 'onnxruntime', ...settings }) } };
}

const tensors = {
  input: [{ name: 'INPUT0', data_type: 'TYPE_FP32', dims: [1] }],
  output: [{ name: 'OUTPUT0', data_type: 'TYPE_FP32', dims: [1] }],
  instance_group: [{ kind: 'KIND_CPU', count: 1 }],
};

/** The adder of a number, as a caller brings it along. */
async function file(place: string, graph: number): Promise<AnyMessage> {
  const bytes = await readFile(path.join(testModels, 'versions_all', String(graph), 'model.onnx'));
  return { [`file:${place}`]: { bytes_param: bytes } };
}

/** Folders of models that were pushed and not removed. */
function pushedFolders(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('nereid-model-'));
}

/** models.md 3.7: what a load call brings along. */
describe('a config that a load call brings along', () => {
  test('is used until files change, or the model is unloaded', () =>
    withControlled(
      { prepare: (folder) => putAdder(path.join(folder, 'm'), [1]) },
      async ({ folder, client, server }) => {
        const batchSize = (): number => server.server.pick('m', '').config.maxBatchSize;
        assert.equal(told(await load(client, 'm', config({ max_batch_size: 7, ...tensors }))), 'ok');
        assert.equal(batchSize(), 7);
        assert.equal(told(await load(client, 'm')), 'ok');
        assert.equal(batchSize(), 7);
        const file = path.join(folder, 'm/config.pbtxt');
        await utimes(file, new Date(), new Date());
        assert.equal(told(await load(client, 'm')), 'ok');
        assert.equal(batchSize(), 4);
        await load(client, 'm', config({ max_batch_size: 7, ...tensors }));
        await unload(client, 'm');
        assert.equal(told(await load(client, 'm')), 'ok');
        assert.equal(batchSize(), 4);
      },
    ));

  test('loads anew even when it says the same', () =>
    withControlled(
      { prepare: (folder) => putAdder(path.join(folder, 'm'), [1]) },
      async ({ client, server }) => {
        const same = config({ max_batch_size: 7, ...tensors });
        await load(client, 'm', same);
        const loaded = server.server.pick('m', '');
        assert.equal(told(await load(client, 'm', same)), 'ok');
        assert.notEqual(server.server.pick('m', ''), loaded);
      },
    ));

  test('changes the instances only, when it differs in nothing else', () =>
    withControlled(
      { prepare: (folder) => putAdder(path.join(folder, 'm'), [1]) },
      async ({ client, server }) => {
        await load(client, 'm', config({ max_batch_size: 7, ...tensors }));
        const loaded = server.server.pick('m', '');
        const more = { ...tensors, instance_group: [{ kind: 'KIND_CPU', count: 3 }] };
        assert.equal(told(await load(client, 'm', config({ max_batch_size: 7, ...more }))), 'ok');
        assert.equal(server.server.pick('m', ''), loaded);
        assert.equal(loaded.batching().instanceCount, 3);
      },
    ));

  test('that cannot be read, or is wrong, leaves what serves', () =>
    withControlled(
      { prepare: (folder) => putAdder(path.join(folder, 'm'), [1]) },
      async ({ client, server }) => {
        await load(client, 'm');
        for (const text of ['{', '{"max_batch_sise":1}', '{"max_batch_size":-1}', '[]', '{"name":"other"}']) {
          assert.equal(told(await load(client, 'm', { config: { string_param: text } })), pollFailed, text);
        }
        assert.match(
          server.lines.join('\n'),
          /failed to load 'm': Invalid argument: Invalid config override: /,
        );
        assert.equal(await add(client, 'm'), 101);
      },
    ));
});

describe('files that a load call brings along', () => {
  test('serve in place of what lies in the repository, until the model is loaded without them', () =>
    withControlled({ prepare: (folder) => putAdder(path.join(folder, 'm'), [1]) }, async ({ client }) => {
      const before = pushedFolders();
      await load(client, 'm');
      const pushed = { ...config({ max_batch_size: 2, ...tensors }), ...(await file('5/model.onnx', 3)) };
      assert.equal(told(await load(client, 'm', pushed)), 'ok');
      assert.equal(await add(client, 'm'), 103);
      assert.equal(await add(client, 'm', '5'), 103);
      assert.equal(pushedFolders().length, before.length + 1);
      assert.equal(told(await load(client, 'm')), 'ok');
      assert.equal(await add(client, 'm'), 101);
      await eventually(() => pushedFolders().length === before.length, 'their folder is gone');
    }));

  test('need no folder of the name in the repository', () =>
    withControlled({}, async ({ client }) => {
      const pushed = { ...config({ max_batch_size: 2, ...tensors }), ...(await file('1/model.onnx', 2)) };
      assert.equal(told(await load(client, 'new', pushed)), 'ok');
      assert.equal(await add(client, 'new'), 102);
      assert.deepEqual(await indexOf(client), ['new:1:READY:']);
      await unload(client, 'new');
      await eventually(async () => (await indexOf(client)).length === 0, 'it is forgotten');
    }));

  test('leave what serves when they do not make a model', () =>
    withControlled(
      { prepare: (folder) => putAdder(path.join(folder, 'm'), [1]) },
      async ({ client, server }) => {
        const before = pushedFolders();
        await load(client, 'm');
        const own = config({ max_batch_size: 2, ...tensors });
        const good = await file('1/model.onnx', 2);
        assert.equal(told(await load(client, 'm', good)), pollFailed);
        assert.match(
          server.lines.join('\n'),
          /Load parameter 'config' must be specified for model file override/,
        );
        const outside = await file('../../1/model.onnx', 2);
        assert.equal(told(await load(client, 'm', { ...own, ...outside })), pollFailed);
        assert.match(server.lines.join('\n'), /Invalid file parameter 'file:\.\.\/\.\.\/1\/model\.onnx'/);
        const noModel = { 'file:1/model.onnx': { bytes_param: Buffer.from('none') } };
        assert.match(
          told(await load(client, 'm', { ...own, ...noModel })),
          /^3 load failed for model 'm': version 1 is at UNAVAILABLE state: /,
        );
        assert.equal(await add(client, 'm'), 101);
        assert.deepEqual(pushedFolders(), before);
      },
    ));
});

/** protocol.md 3.9, 3.10: what a call may say. */
const refused: readonly ['Load' | 'Unload', AnyMessage, string][] = [
  ['Load', { repository_name: 'r' }, "12 'repository_name' specification is not supported"],
  ['Unload', { repository_name: 'r' }, "12 'repository_name' specification is not supported"],
  [
    'Load',
    { parameters: { config: { bytes_param: Buffer.from('{}') } } },
    "3 invalid value type for load parameter 'config', expected string_param.",
  ],
  [
    'Load',
    { parameters: { 'file:1/model.onnx': { string_param: 'x' } } },
    "3 invalid value type for load parameter 'file:1/model.onnx', expected bytes_param.",
  ],
  ['Load', { parameters: { fast: { bool_param: true } } }, "3 unrecognized load parameter 'fast'."],
  [
    'Unload',
    { parameters: { unload_dependents: { string_param: 'yes' } } },
    "3 invalid value type for 'unload_dependents' parameter, expected bool_param.",
  ],
  ['Unload', { parameters: { unload_dependents: { bool_param: true } } }, 'ok'],
  ['Unload', { parameters: { other: { string_param: 'yes' } } }, 'ok'],
];

test('a call that says what it may not is told so', () =>
  withControlled({}, async ({ client }) => {
    for (const [verb, request, answer] of refused) {
      assert.equal(told(await control(client, verb, { model_name: 'm', ...request })), answer);
    }
  }));
