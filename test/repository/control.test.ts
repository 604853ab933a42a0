import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { inferenceMethod } from '../support/client.js';
import {
  add,
  adderConfig,
  indexOf,
  load,
  putAdder,
  putVersion,
  told,
  unload,
  withControlled,
} from '../support/controlled.js';
import { eventually } from '../support/eventually.js';
import { slowAloneRequest } from '../support/row-requests.js';
import { writeModels } from '../support/served-models.js';

const allVersions = 'version_policy { all { } }';

const pollFailed = (name: string): string =>
  `13 failed to load '${name}', failed to poll from model repository`;

/** models.md 5.3, 5.6, 5.7: what callers may do, and what they are told. */
describe('a repository that is controlled by calls', () => {
  test('starts empty, loads, unloads and loads again', () =>
    withControlled({ prepare: (folder) => putAdder(path.join(folder, 'm'), [1, 2]) }, async ({ client }) => {
      assert.deepEqual(await indexOf(client), ['m:::']);
      assert.match(String(await add(client, 'm')), /Request for unknown model: 'm' is not found/);
      assert.equal(told(await load(client, 'm')), 'ok');
      assert.deepEqual(await indexOf(client), ['m:2:READY:']);
      assert.equal(await add(client, 'm'), 102);
      assert.equal(told(await unload(client, 'm')), 'ok');
      await eventually(
        async () => (await indexOf(client))[0] === 'm:2:UNAVAILABLE:unloaded',
        'it is unloaded',
      );
      assert.match(
        String(await add(client, 'm')),
        /Request for unknown model: 'm' has no available versions/,
      );
      assert.match(String(await add(client, 'm', '2')), /'m' version 2 is not at ready state/);
      assert.equal(told(await load(client, 'm')), 'ok');
      assert.equal(await add(client, 'm'), 102);
    }));

  test('loads the models that it is told to load at start, and says which is not there', () =>
    withControlled(
      {
        startup: ['b', 'nowhere'],
        prepare: async (folder) => {
          await putAdder(path.join(folder, 'a'), [1]);
          await putAdder(path.join(folder, 'b'), [2]);
        },
      },
      async ({ client, server }) => {
        assert.equal(server.complete, false);
        assert.deepEqual(await indexOf(client), ['a:::', 'b:2:READY:']);
        assert.match(server.lines.join('\n'), /failed to load 'nowhere': there is no folder 'nowhere' in '/);
      },
    ));

  test('tells callers what Triton tells them', () =>
    withControlled(
      {
        prepare: async (folder) => {
          await putAdder(path.join(folder, 'm'), [1, 9], allVersions);
          await putAdder(path.join(folder, 'none'), []);
          await putAdder(path.join(folder, 'wrong'), [1], 'max_batch_sise: 1');
        },
      },
      async ({ client, server }) => {
        assert.match(
          told(await load(client, 'm')),
          /^3 load failed for model 'm': version 9 is at UNAVAILABLE state: Internal: onnx runtime error .*;\n$/s,
        );
        assert.deepEqual((await indexOf(client)).slice(0, 1), ['m:1:UNAVAILABLE:unloaded']);
        assert.match(
          told(await load(client, 'none')),
          /^3 load failed for model 'none': at least one version must be available under the version policy of model 'none'.*\n$/s,
        );
        assert.equal(told(await load(client, 'wrong')), pollFailed('wrong'));
        assert.match(server.lines.join('\n'), /wrong.*max_batch_size/);
        assert.equal(told(await load(client, 'nowhere')), pollFailed('nowhere'));
        assert.equal(told(await unload(client, 'nowhere')), 'ok');
        assert.equal(
          told(await load(client, ' ')),
          '3 Model name cannot be empty. Please enter a valid name to deploy.',
        );
        for (const name of ['..', 'a/b', '../m']) {
          assert.equal(
            told(await load(client, name)),
            `3 invalid model name '${name}', model name must not contain path traversal characters`,
          );
        }
      },
    ));

  test('tries again as often as it was told to', () =>
    withControlled(
      { retryCount: 2, prepare: (folder) => putAdder(path.join(folder, 'm'), [9]) },
      async ({ client, server }) => {
        await load(client, 'm');
        const tries = server.lines.filter((line) => line.includes("failed to load 'm' version 9"));
        assert.equal(tries.length, 3);
        assert.match(tries[0] ?? '', /2 more attempts/);
        assert.match(tries[1] ?? '', /1 more attempt"/);
      },
    ));

  for (const mode of ['none', 'poll'] as const) {
    test(`refuses calls in mode ${mode}`, () =>
      withControlled(
        { control: mode, prepare: (folder) => putAdder(path.join(folder, 'm'), [1]) },
        async ({ client }) => {
          const refused = '14 explicit model load / unload is not allowed if polling is enabled';
          assert.equal(told(await load(client, 'm')), refused);
          assert.equal(told(await unload(client, 'm')), refused);
          assert.equal(await add(client, 'm'), 101);
        },
      ));
  }

  test('a request that runs is answered though its model is unloaded, and a new one is refused', () =>
    withControlled(
      { prepare: (folder) => writeModels(folder, [{ graph: 'slow' }]), startup: 'all' },
      async ({ client, server }) => {
        const running = client.call(inferenceMethod('ModelInfer'), slowAloneRequest('slow', 20_000));
        await eventually(() => server.server.inFlight().some(({ count }) => count === 1), 'it runs');
        assert.equal(told(await unload(client, 'slow')), 'ok');
        assert.deepEqual(await indexOf(client), ['slow:1:UNLOADING:']);
        const late = await client.call(inferenceMethod('ModelInfer'), slowAloneRequest('slow', 1));
        assert.match(told(late), /'slow' has no available versions/);
        assert.equal(told(await running), 'ok');
        await eventually(
          async () => (await indexOf(client))[0] === 'slow:1:UNAVAILABLE:unloaded',
          'it is unloaded',
        );
        assert.equal(server.server.ready(), true);
      },
    ));

  test('a request that still waits when the time for an unload is over is refused, and what runs is answered', () =>
    withControlled(
      { prepare: (folder) => writeModels(folder, [{ graph: 'slow' }]), startup: 'all', drainMs: 1 },
      async ({ client, server }) => {
        const infer = inferenceMethod('ModelInfer');
        const running = client.call(infer, slowAloneRequest('slow', 20_000));
        const waiting = client.call(infer, slowAloneRequest('slow', 1));
        await eventually(() => server.server.inFlight().some(({ count }) => count === 2), 'both are there');
        await unload(client, 'slow');
        assert.equal(told(await waiting), "14 'slow' version 1 was unloaded while the request waited");
        assert.equal(told(await running), 'ok');
        assert.match(server.lines.join('\n'), /'slow' version 1 has 2 in-flight inferences 0\.001 s after/);
      },
    ));
});

/** models.md 5.4, 5.5. */
describe('a load of what serves', () => {
  test('does nothing when nothing has changed', () =>
    withControlled(
      { prepare: (folder) => putAdder(path.join(folder, 'm'), [1]) },
      async ({ client, server }) => {
        await load(client, 'm');
        const loaded = server.server.pick('m', '');
        assert.equal(told(await load(client, 'm')), 'ok');
        assert.equal(server.server.pick('m', ''), loaded);
      },
    ));

  test('swaps in a new version, and unloads those that are not chosen any more', () =>
    withControlled(
      { prepare: (folder) => putAdder(path.join(folder, 'm'), [1]) },
      async ({ folder, client }) => {
        await load(client, 'm');
        await putVersion(path.join(folder, 'm'), 3);
        assert.equal(told(await load(client, 'm')), 'ok');
        assert.equal(await add(client, 'm'), 103);
        await eventually(
          async () => (await indexOf(client)).join() === 'm:1:UNAVAILABLE:unloaded,m:3:READY:',
          'the old one is unloaded',
        );
      },
    ));

  test('swaps in another model under the same number', () =>
    withControlled(
      { prepare: (folder) => putAdder(path.join(folder, 'm'), [1]) },
      async ({ folder, client }) => {
        await load(client, 'm');
        await putVersion(path.join(folder, 'm'), 1, 2);
        assert.equal(told(await load(client, 'm')), 'ok');
        assert.equal(await add(client, 'm', '1'), 102);
        assert.deepEqual(await indexOf(client), ['m:1:READY:']);
      },
    ));

  test('keeps what serves when any version fails, and tries again with the next call', () =>
    withControlled(
      { prepare: (folder) => putAdder(path.join(folder, 'm'), [1], allVersions) },
      async ({ folder, client, server }) => {
        await load(client, 'm');
        const loaded = server.server.pick('m', '1');
        const model = path.join(folder, 'm');
        await putVersion(model, 2);
        await putVersion(model, 9);
        assert.match(told(await load(client, 'm')), /version 9 is at UNAVAILABLE state/);
        assert.equal(server.server.pick('m', ''), loaded);
        assert.equal(await add(client, 'm'), 101);
        assert.equal(server.server.ready(), false);
        assert.match(told(await load(client, 'm')), /version 9 is at UNAVAILABLE state/);
        await putVersion(model, 9, 3);
        assert.equal(told(await load(client, 'm')), 'ok');
        assert.equal(await add(client, 'm'), 103);
        assert.equal(server.server.pick('m', '1'), loaded);
        assert.equal(server.server.ready(), true);
      },
    ));

  test('keeps what serves when the config is broken', () =>
    withControlled(
      { prepare: (folder) => putAdder(path.join(folder, 'm'), [1]) },
      async ({ folder, client }) => {
        await load(client, 'm');
        await writeFile(path.join(folder, 'm/config.pbtxt'), 'max_batch_size: [');
        assert.equal(told(await load(client, 'm')), pollFailed('m'));
        assert.equal(await add(client, 'm'), 101);
      },
    ));

  test('forgets a version that failed when its folder is gone', () =>
    withControlled(
      { prepare: (folder) => putAdder(path.join(folder, 'm'), [1, 9], allVersions) },
      async ({ folder, client, server }) => {
        await load(client, 'm');
        assert.equal(server.server.ready(), false);
        await rm(path.join(folder, 'm/9'), { recursive: true });
        assert.equal(told(await load(client, 'm')), 'ok');
        assert.deepEqual(await indexOf(client), ['m:1:READY:']);
        assert.equal(server.server.ready(), true);
      },
    ));

  test('changes the number of instances and keeps what is loaded', () =>
    withControlled(
      { prepare: (folder) => putAdder(path.join(folder, 'm'), [1]) },
      async ({ folder, client, server }) => {
        const instances = (): number => server.server.pick('m', '').batching().instanceCount;
        const groups = async (count: number): Promise<string> =>
          (await adderConfig()).replace('count: 1', `count: ${count}`);
        await load(client, 'm');
        const loaded = server.server.pick('m', '');
        for (const count of [3, 1, 2]) {
          await writeFile(path.join(folder, 'm/config.pbtxt'), await groups(count));
          assert.equal(told(await load(client, 'm')), 'ok');
          assert.equal(server.server.pick('m', ''), loaded);
          assert.equal(instances(), count);
          assert.equal(loaded.config.instanceGroup[0]?.count, count);
          assert.deepEqual(await Promise.all([1, 2, 3, 4].map(() => add(client, 'm'))), [101, 101, 101, 101]);
        }
      },
    ));
});

describe('loads and unloads of one model', () => {
  test('come in the order in which they were asked for', () =>
    withControlled(
      { prepare: (folder) => putAdder(path.join(folder, 'm'), [1, 2], allVersions) },
      async ({ client }) => {
        const calls = Array.from({ length: 20 }, (_, at) =>
          at % 3 === 1 ? unload(client, 'm') : load(client, 'm'),
        );
        assert.deepEqual([...new Set((await Promise.all(calls)).map(told))], ['ok']);
        assert.equal(told(await load(client, 'm')), 'ok');
        assert.deepEqual(await indexOf(client), ['m:1:READY:', 'm:2:READY:']);
        await Promise.all([load(client, 'm'), unload(client, 'm')]);
        await eventually(async () => (await indexOf(client, true)).length === 0, 'the last word holds');
      },
    ));
});
