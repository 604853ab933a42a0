import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { monotonicClock } from '../../src/inference/clock.js';
import { InferenceError } from '../../src/inference/error.js';
import { InferRequest } from '../../src/inference/request.js';
import { Repository } from '../../src/repository/repository.js';
import { Regions } from '../../src/server/shared-memory.js';
import { Server, type ServerOptions } from '../../src/server/server.js';
import { Arena } from '../../src/tensors/arena.js';
import { brokenModels, memoryLog, testModels, withFolder } from '../support/server.js';
import { testTraces } from '../support/traces.js';

type State = 'starting' | 'failed' | 'ready' | 'exiting' | 'closed';

/** A server over some of the test models, brought into a state, and closed afterwards. */
async function withServer(
  {
    models,
    state,
    options = {},
  }: { models: readonly string[]; state: State; options?: Partial<ServerOptions> },
  look: (server: Server) => void | Promise<void>,
): Promise<void> {
  await withFolder(async (root) => {
    for (const model of models) await symlink(model, path.join(root, path.basename(model)));
    const folder = state === 'failed' ? path.join(root, 'nowhere') : root;
    const { log } = memoryLog();
    const repository = new Repository(
      { folders: [folder], loadConcurrency: 4, coreCount: 2, gpus: [] },
      { clock: monotonicClock, arena: new Arena({ keptBytesMax: 0, shared: false }), log },
    );
    const server = new Server(
      { id: 'triton', strictReadiness: true, pendingBytesMax: 2 ** 31, ...options },
      { repository, log, traces: testTraces(), regions: new Regions({ enabled: false, countMax: 1024 }) },
    );
    try {
      if (state === 'failed') await assert.rejects(server.start(), /not a valid directory/);
      else if (state !== 'starting') await server.start();
      if (state === 'exiting') server.beginExit();
      if (state === 'closed') await server.close();
      await look(server);
    } finally {
      await server.close();
    }
  });
}

const good = path.join(testModels, 'identity_fp32');
const broken = path.join(brokenModels, 'missing_file');

/** What a call answers, or the code and text that it fails with. */
function outcome(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    assert.ok(error instanceof InferenceError);
    return `${error.code}: ${error.message}`;
  }
}

/** The same of a call that answers later. */
async function later(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return outcome(() => {
      throw error;
    });
  }
}

const notReady = 'unavailable: Server not ready';
const exiting = 'unavailable: Server exiting';
const unknown = `not-found: Request for unknown model: 'none' is not found`;

interface Row {
  readonly live: unknown;
  readonly ready: unknown;
  readonly goodReady: unknown;
  readonly brokenReady: unknown;
  readonly noneReady: unknown;
  readonly pickGood: unknown;
  readonly pickBroken: unknown;
  readonly pickNone: unknown;
  readonly index: unknown;
  readonly statistics: unknown;
}

const before: Omit<Row, 'live'> = {
  ready: false,
  goodReady: notReady,
  brokenReady: notReady,
  noneReady: notReady,
  pickGood: notReady,
  pickBroken: notReady,
  pickNone: notReady,
  index: notReady,
  statistics: notReady,
};

const unavailable = `unavailable: Request for unknown model: 'missing_file' version 1 is not at ready state`;

const rows: Readonly<Record<State, Row>> = {
  starting: { ...before, live: true },
  failed: { ...before, live: false },
  ready: {
    live: true,
    ready: false,
    goodReady: true,
    brokenReady: false,
    noneReady: false,
    pickGood: 1,
    pickBroken: unavailable,
    pickNone: unknown,
    index: ['identity_fp32:READY', 'missing_file:UNAVAILABLE'],
    statistics: ['identity_fp32:1'],
  },
  exiting: {
    live: exiting,
    ready: exiting,
    goodReady: notReady,
    brokenReady: false,
    noneReady: false,
    pickGood: 1,
    pickBroken: unavailable,
    pickNone: unknown,
    index: notReady,
    statistics: notReady,
  },
  closed: {
    live: exiting,
    ready: exiting,
    goodReady: false,
    brokenReady: false,
    noneReady: false,
    pickGood: `unavailable: Request for unknown model: 'identity_fp32' version 1 is not at ready state`,
    pickBroken: unavailable,
    pickNone: unknown,
    index: notReady,
    statistics: notReady,
  },
};

for (const [state, row] of Object.entries(rows)) {
  test(`a server that is ${state} answers health, readiness and lookups accordingly`, async () => {
    await withServer({ models: [good, broken], state: state as State }, async (server) => {
      assert.deepEqual(
        {
          live: outcome(() => server.live()),
          ready: outcome(() => server.ready()),
          goodReady: outcome(() => server.modelReady('identity_fp32', '')),
          brokenReady: outcome(() => server.modelReady('missing_file', '1')),
          noneReady: outcome(() => server.modelReady('none', '')),
          pickGood: outcome(() => server.pick('identity_fp32', '1').version),
          pickBroken: outcome(() => server.pick('missing_file', '1')),
          pickNone: outcome(() => server.pick('none', '')),
          index: await later(async () =>
            (await server.index('', false)).map((entry) => `${entry.name}:${entry.state}`),
          ),
          statistics: outcome(() => server.statistics('', '').map((one) => `${one.name}:${one.version}`)),
        },
        row,
      );
      assert.equal(server.metadata.name, 'triton');
    });
  });
}

test('strict readiness wants every model, the other only that the server runs', async () => {
  await withServer({ models: [good], state: 'ready' }, (server) => assert.equal(server.ready(), true));
  await withServer(
    { models: [good, broken], state: 'ready', options: { strictReadiness: false } },
    (server) => assert.equal(server.ready(), true),
  );
  await withServer({ models: [], state: 'ready' }, (server) => assert.equal(server.ready(), true));
});

test('a version text that is no version is refused before anything else', async () => {
  await withServer({ models: [good], state: 'starting' }, (server) => {
    const calls = [
      () => server.modelReady('none', 'x'),
      () => server.pick('none', '-1'),
      () => server.statistics('', 'x'),
    ];
    for (const call of calls) {
      assert.throws(call, { code: 'invalid-argument' });
    }
  });
});

test('a lookup by name and version tells what is unknown, and what is there and not ready', async () => {
  await withServer({ models: [good, broken], state: 'ready' }, (server) => {
    const texts: readonly (readonly [name: string, version: string, text: string])[] = [
      ['none', '1', unknown],
      ['identity_fp32', '7', `not-found: Request for unknown model: 'identity_fp32' version 7 is not found`],
      ['identity_fp32', '0', `not-found: Request for unknown model: 'identity_fp32' version 0 is not found`],
      ['missing_file', '', `not-found: Request for unknown model: 'missing_file' has no available versions`],
      ['missing_file', '1', unavailable],
    ];
    for (const [name, version, text] of texts) {
      assert.equal(
        outcome(() => server.pick(name, version)),
        text,
      );
      assert.equal(server.modelReady(name, version), false);
    }
  });
});

test('the metadata of a model names all ready versions, or the one that was asked for', async () => {
  await withServer({ models: [path.join(testModels, 'versions_all')], state: 'ready' }, (server) => {
    const versions = (version: string): readonly string[] =>
      server.modelMetadata('versions_all', version).versions;
    assert.deepEqual(versions(''), ['1', '2', '3']);
    assert.deepEqual(versions('2'), ['2']);
  });
});

test('statistics are those of ready versions: of one, of a model, or of all by name and version', async () => {
  const models = ['versions_specific', 'versions_all', 'identity_fp32'].map((name) =>
    path.join(testModels, name),
  );
  await withServer({ models: [...models, broken], state: 'ready' }, (server) => {
    const found = (name: string, version: string): unknown =>
      outcome(() => server.statistics(name, version).map((one) => `${one.name}:${one.version}`));
    const all = ['identity_fp32:1', 'versions_all:1', 'versions_all:2', 'versions_all:3'];
    const unavailableVersion = (name: string): string =>
      `invalid-argument: requested model version is not available for model '${name}'`;
    assert.deepEqual(found('', ''), [...all, 'versions_specific:1', 'versions_specific:3']);
    assert.deepEqual(found('', '7'), found('', ''));
    assert.deepEqual(found('versions_all', ''), all.slice(1));
    assert.deepEqual(found('versions_all', '2'), ['versions_all:2']);
    assert.equal(found('versions_all', '4'), unavailableVersion('versions_all'));
    assert.equal(found('versions_specific', '2'), unavailableVersion('versions_specific'));
    assert.equal(found('versions_all', '0'), unavailableVersion('versions_all'));
    assert.equal(found('none', ''), "invalid-argument: requested model 'none' is not available");
    assert.equal(found('none', '1'), "invalid-argument: requested model 'none' is not available");
    assert.equal(
      found('missing_file', '1'),
      "invalid-argument: requested model 'missing_file' is not available",
    );
  });
});

test('the index of a named repository is not supported, and only ready models may be asked for', async () => {
  await withServer({ models: [good, broken], state: 'ready' }, async (server) => {
    assert.equal(
      await later(() => server.index('mine', false)),
      `unsupported: 'repository_name' specification is not supported`,
    );
    assert.deepEqual(await server.index('', true), [
      { name: 'identity_fp32', version: '1', state: 'READY', reason: '' },
    ]);
  });
});

test('a watcher is told of every change of state until it goes', async () => {
  await withServer({ models: [good], state: 'starting' }, async (server) => {
    const seen: unknown[] = [];
    const unwatch = server.watch(() => seen.push(outcome(() => server.ready())));
    await server.start();
    server.beginExit();
    server.beginExit();
    unwatch();
    assert.deepEqual(seen, [true, exiting]);
  });
});

test('the bytes of a request count while it runs and no longer', async () => {
  await withServer({ models: [good], state: 'ready', options: { pendingBytesMax: 8 } }, async (server) => {
    const model = server.pick('identity_fp32', '');
    const request = (): InferRequest =>
      new InferRequest('', [{ name: 'INPUT0', datatype: 'FP32', shape: [1, 2], data: new Uint8Array(8) }]);
    const running = server.infer(model, request());
    await assert.rejects(server.infer(model, request()), {
      code: 'unavailable',
      message: '[request id: <id_unknown>] Exceeds maximum queue size',
    });
    (await running).release();
    (await server.infer(model, request())).release();
    await assert.rejects(server.infer(model, new InferRequest('', [])), { code: 'invalid-argument' });
    (await server.infer(model, request())).release();
  });
});
