import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { putAdder, withControlled, type Controlled } from '../../support/controlled.js';
import { eventually } from '../../support/eventually.js';
import { ask, failure, type Told } from '../../support/rest.js';
import { startServer, testModels } from '../../support/server.js';

const done: Told = { status: 200, type: 'application/json', body: '' };

function post({ server }: Controlled, path: string, body: string | object = ''): Promise<Told> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return ask(server.httpPort, `/v2/repository/${path}`, { body: text });
}

async function index(controlled: Controlled, body: string | object = ''): Promise<unknown> {
  const { status, type, body: told } = await post(controlled, 'index', body);
  assert.deepEqual([status, type], [200, 'application/json']);
  return JSON.parse(told);
}

const prepare = (folder: string): Promise<unknown> => putAdder(path.join(folder, 'adder'), [1, 2]);

test('a model comes and goes, and the index tells what is known of it', async () => {
  await withControlled({ prepare }, async (controlled) => {
    assert.deepEqual(await index(controlled), [{ name: 'adder' }]);
    assert.deepEqual(await post(controlled, 'models/adder/load'), done);
    assert.deepEqual(await index(controlled), [{ name: 'adder', version: '2', state: 'READY' }]);
    assert.deepEqual(await index(controlled, { ready: true }), [
      { name: 'adder', version: '2', state: 'READY' },
    ]);
    assert.deepEqual(await post(controlled, 'models/adder/unload'), done);
    const gone = [{ name: 'adder', version: '2', state: 'UNAVAILABLE', reason: 'unloaded' }];
    await eventually(
      async () => JSON.stringify(await index(controlled)) === JSON.stringify(gone),
      'it is unloaded',
    );
    assert.deepEqual(await index(controlled, { ready: true }), []);
    assert.deepEqual(await post(controlled, 'any/index'), await post(controlled, 'index'));
  });
});

test('a load brings a config, or a whole model in base64, along', async () => {
  await withControlled({ prepare }, async (controlled) => {
    const tensors = {
      backend: 'onnxruntime',
      max_batch_size: 4,
      input: [{ name: 'INPUT0', data_type: 'TYPE_FP32', dims: [1] }],
      output: [{ name: 'OUTPUT0', data_type: 'TYPE_FP32', dims: [1] }],
    };
    const both = JSON.stringify({ ...tensors, version_policy: { all: {} } });
    assert.deepEqual(await post(controlled, 'models/adder/load', { parameters: { config: both } }), done);
    assert.deepEqual(controlled.server.server.modelMetadata('adder', '').versions, ['1', '2']);
    const file = await readFile(path.join(testModels, 'versions_all/3/model.onnx'));
    const parameters = { config: JSON.stringify(tensors), 'file:7/model.onnx': file.toString('base64') };
    assert.deepEqual(await post(controlled, 'models/pushed/load', { parameters }), done);
    assert.deepEqual(controlled.server.server.modelMetadata('pushed', '').versions, ['7']);
    const unload = { parameters: { unload_dependents: true, other: 1 } };
    assert.deepEqual(await post(controlled, 'models/pushed/unload', unload), done);
  });
});

const noJson = 'failed to parse the request JSON buffer: Missing a name for object member. at 1';
const refused: readonly [path: string, body: string, status: number, message: string][] = [
  ['index', '{"ready": 1}', 400, "Invalid value for 'ready': expected a boolean"],
  ['index', '{"ready": null}', 400, "Invalid value for 'ready': expected a boolean"],
  ['index', '{', 500, noJson],
  ['r/models/adder/load', '', 501, "'repository_name' specification is not supported"],
  ['r/models/adder/unload', '', 501, "'repository_name' specification is not supported"],
  ['models/nobody/load', '', 500, "failed to load 'nobody', failed to poll from model repository"],
  ['models/%20/load', '', 500, "failed to load '%20', failed to poll from model repository"],
  ['models/adder/load', '{', 500, noJson],
  ['models/adder/load', '{"parameters": 1}', 500, 'attempt to get members for non-object'],
  [
    'models/adder/load',
    '{"parameters": {"other": "x"}}',
    500,
    'unexpected error on creating Triton parameter',
  ],
  ['models/adder/load', '{"parameters": {"config": {}}}', 500, 'attempt to access JSON non-string as string'],
  ['models/adder/load', '{"parameters": {"file:a": 1}}', 500, 'attempt to access JSON non-string as string'],
  [
    'models/adder/load',
    '{"parameters": {"file:1/model.onnx": "AAAA"}}',
    500,
    "failed to load 'adder', failed to poll from model repository",
  ],
  [
    'models/adder/unload',
    '{"parameters": {"unload_dependents": "yes"}}',
    500,
    "Unable to parse 'unload_dependents': attempt to access JSON non-boolean as boolean",
  ],
];

describe('what cannot be done is refused in the words of Triton', () => {
  for (const [path, body, status, message] of refused) {
    test(`${path} ${body}`, async () => {
      await withControlled({ prepare }, async (controlled) => {
        assert.deepEqual(await post(controlled, path, body), failure(status, message));
        assert.deepEqual(await index(controlled), [{ name: 'adder' }]);
      });
    });
  }

  test('a load that fails tells why', async () => {
    const broken = (folder: string): Promise<unknown> => putAdder(path.join(folder, 'adder'), [9]);
    await withControlled({ prepare: broken }, async (controlled) => {
      const { status, body } = await post(controlled, 'models/adder/load');
      assert.equal(status, 400);
      assert.match(
        JSON.parse(body).error,
        /^load failed for model 'adder': version 9 is at UNAVAILABLE state: Internal: .*;\n$/s,
      );
    });
  });

  test('loads and unloads where models are not loaded by calls', async () => {
    const server = await startServer({ repository: testModels });
    try {
      for (const verb of ['load', 'unload']) {
        assert.deepEqual(
          await ask(server.httpPort, `/v2/repository/models/add_sub/${verb}`, { method: 'POST' }),
          failure(503, 'explicit model load / unload is not allowed if polling is enabled'),
        );
      }
      for (const path of ['index', 'models/add_sub/load', 'models/add_sub/unload']) {
        const expected = failure(405, 'Method Not Allowed');
        assert.deepEqual(await ask(server.httpPort, `/v2/repository/${path}`), expected);
      }
    } finally {
      await server.close();
    }
  });
});
