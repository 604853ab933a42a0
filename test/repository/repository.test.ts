import assert from 'node:assert/strict';
import { cp, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { monotonicClock } from '../../src/inference/clock.js';
import { defaultConfigOptions } from '../../src/repository/config-options.js';
import { Repository, type RepositoryOptions } from '../../src/repository/repository.js';
import { Arena } from '../../src/tensors/arena.js';
import { brokenModels, memoryLog, testModels, withFolder } from '../support/server.js';

interface Opened {
  readonly repository: Repository;
  readonly complete: boolean;
  readonly lines: readonly string[];
}

/** Loads folders, shows the outcome and closes it all again. */
async function withRepository(
  options: Partial<RepositoryOptions>,
  look: (opened: Opened) => void | Promise<void>,
): Promise<void> {
  const { log, lines } = memoryLog();
  const repository = new Repository(
    { folders: [], loadConcurrency: 4, coreCount: 2, gpus: [], ...options },
    { clock: monotonicClock, arena: new Arena({ keptBytesMax: 0, shared: false }), log },
  );
  try {
    await look({ repository, complete: await repository.loadAll(), lines });
  } finally {
    await repository.close();
  }
}

/** A copy of a test model under a name of its own; the config's name is left to the folder. */
async function copyModel(source: string, target: string, config?: string): Promise<void> {
  await cp(source, target, { recursive: true });
  if (config !== undefined) await writeFile(path.join(target, 'config.pbtxt'), config);
}

/** The test models with several versions, in a repository of their own. */
async function withVersions(use: (root: string) => Promise<void>): Promise<void> {
  await withFolder(async (root) => {
    for (const name of ['versions_all', 'versions_latest', 'versions_specific']) {
      await symlink(path.join(testModels, name), path.join(root, name));
    }
    await use(root);
  });
}

const identity = path.join(testModels, 'identity_fp32');
const identityConfig =
  'backend: "onnxruntime" max_batch_size: 8 instance_group { kind: KIND_CPU count: 1 } ' +
  'input { name: "INPUT0" data_type: TYPE_FP32 dims: -1 } output { name: "OUTPUT0" data_type: TYPE_FP32 dims: -1 }';

/** Without a look into models. */
const strict = { configs: { ...defaultConfigOptions, autoComplete: false } };

test('without completion a model that has no config.pbtxt is refused with what to write', async () => {
  await withFolder(async (root) => {
    await mkdir(path.join(root, 'bare/1'), { recursive: true });
    await withRepository({ folders: [root], ...strict }, async ({ repository, complete }) => {
      assert.equal(complete, false);
      const [entry] = await repository.index(false);
      assert.equal(entry?.state, 'UNAVAILABLE');
      const file = path.join(root, 'bare/config.pbtxt');
      assert.ok(
        entry.reason.startsWith(
          `Internal: failed to open text file for read ${file}: no such file or directory. To mend it: write one that lists every input and output, such as: backend: "onnxruntime" input [ {`,
        ),
        entry.reason,
      );
    });
  });
});

test('the config that a refusal suggests can be read', async () => {
  await withFolder(async (root) => {
    await mkdir(path.join(root, 'bare/1'), { recursive: true });
    let suggested = '';
    await withRepository({ folders: [root], ...strict }, async ({ repository }) => {
      [, suggested = ''] =
        /such as: (.*); or start the server/.exec((await repository.index(false))[0]?.reason ?? '') ?? [];
    });
    await writeFile(path.join(root, 'bare/config.pbtxt'), suggested);
    await withRepository({ folders: [root] }, async ({ repository }) => {
      assert.match((await repository.index(false))[0]?.reason ?? '', /^Internal: failed to stat file/);
    });
  });
});

test('a config.pbtxt that is a folder is refused as what it is', async () => {
  await withFolder(async (root) => {
    await mkdir(path.join(root, 'm/config.pbtxt'), { recursive: true });
    await withRepository({ folders: [root] }, async ({ repository }) => {
      assert.match(
        (await repository.index(false))[0]?.reason ?? '',
        /config\.pbtxt: illegal operation on a directory\. To mend it: make it a file/,
      );
    });
  });
});

test('a model in a folder called model.onnx is loaded from inside it', async () => {
  await withFolder(async (root) => {
    await copyModel(identity, path.join(root, 'm'), identityConfig);
    const file = path.join(root, 'm/1/model.onnx');
    await rename(file, `${file}.moved`);
    await mkdir(file);
    await withRepository({ folders: [root] }, async ({ repository }) => {
      assert.match(
        (await repository.index(false))[0]?.reason ?? '',
        /^Unavailable: unable to find '.*model\.onnx\/model\.onnx' for model instance 'm'\. To mend it: /,
      );
    });
    await rename(`${file}.moved`, path.join(file, 'model.onnx'));
    await withRepository({ folders: [root] }, ({ complete }) => assert.equal(complete, true));
  });
});

test('a model file under another name is found, and named with default_model_filename it is loaded', async () => {
  await withFolder(async (root) => {
    await copyModel(identity, path.join(root, 'm'), identityConfig);
    await rename(path.join(root, 'm/1/model.onnx'), path.join(root, 'm/1/resnet.onnx'));
    await withRepository({ folders: [root] }, async ({ repository }) => {
      assert.match(
        (await repository.index(false))[0]?.reason ?? '',
        /To mend it: rename 'resnet\.onnx' to model\.onnx, or write default_model_filename: "resnet\.onnx"$/,
      );
    });
    await writeFile(
      path.join(root, 'm/config.pbtxt'),
      `${identityConfig} default_model_filename: "resnet.onnx"`,
    );
    await withRepository({ folders: [root] }, ({ complete }) => assert.equal(complete, true));
  });
});

test('a name in two folders serves from neither, and the log names both', async () => {
  await withFolder(async (root) => {
    await copyModel(identity, path.join(root, 'a/twice'), identityConfig);
    await copyModel(identity, path.join(root, 'b/twice'), identityConfig);
    await copyModel(identity, path.join(root, 'b/once'), identityConfig);
    const folders = [path.join(root, 'a'), path.join(root, 'b')];
    await withRepository({ folders }, async ({ repository, complete, lines }) => {
      assert.equal(complete, false);
      assert.deepEqual(await repository.index(false), [
        { name: 'once', version: '1', state: 'READY', reason: '' },
        {
          name: 'twice',
          version: '',
          state: 'UNAVAILABLE',
          reason: 'model appears in two or more repositories',
        },
      ]);
      assert.deepEqual(await repository.index(true), await repository.index(false));
      assert.throws(() => repository.pick('twice', undefined), {
        code: 'not-found',
        message: `Request for unknown model: 'twice' is not found`,
      });
      const [line = ''] = lines.filter((one) => one.includes(`failed to load 'twice'`));
      assert.ok(
        folders.every((folder) => line.includes(`'${path.join(folder, 'twice')}'`)),
        line,
      );
    });
  });
});

test('the versions that the policy chooses serve, and the highest of them by default', async () => {
  await withVersions(async (root) => {
    await withRepository({ folders: [root] }, async ({ repository, complete }) => {
      assert.equal(complete, true);
      assert.deepEqual(
        (await repository.index(false)).map(({ name, version }) => `${name}:${version}`),
        [
          'versions_all:1',
          'versions_all:2',
          'versions_all:3',
          'versions_latest:3',
          'versions_specific:1',
          'versions_specific:3',
        ],
      );
      assert.equal(repository.pick('versions_all', undefined).version, 3);
      assert.equal(repository.pick('versions_all', 2).version, 2);
      assert.throws(() => repository.pick('versions_latest', 1), {
        message: `Request for unknown model: 'versions_latest' version 1 is not found`,
      });
    });
  });
});

test('a version that is specified and missing is logged, and the others serve', async () => {
  await withFolder(async (root) => {
    const policy = 'version_policy { specific { versions: [ 1, 4 ] } }';
    await copyModel(identity, path.join(root, 'm'), `${identityConfig} ${policy}`);
    await withRepository({ folders: [root] }, ({ complete, lines }) => {
      assert.equal(complete, true);
      const missing = `version 4 is specified for model 'm', but the version directory is not present`;
      assert.ok(lines.some((line) => line.startsWith('E') && line.includes(missing)));
    });
  });
});

test('a folder that is none is refused with its name', async () => {
  for (const folder of [path.join(testModels, 'nowhere'), path.join(identity, 'config.pbtxt')]) {
    await assert.rejects(
      withRepository({ folders: [testModels, folder] }, () => {}),
      { code: 'invalid-argument', message: `repository path is not a valid directory: '${folder}'` },
    );
  }
});

test('a folder without models is complete', async () => {
  await withFolder(async (root) => {
    await withRepository({ folders: [root] }, async ({ repository, complete }) => {
      assert.equal(complete, true);
      assert.deepEqual(await repository.index(false), []);
    });
  });
});

test('no more versions are loaded at once than allowed', async () => {
  await withVersions(async (root) => {
    for (const loadConcurrency of [1, 2]) {
      await withRepository({ folders: [root, brokenModels], loadConcurrency }, ({ lines }) => {
        let [now, most] = [0, 0];
        for (const line of lines) {
          if (line.includes('"loading: ')) most = Math.max(most, ++now);
          else if (/successfully loaded|failed to load '\w+' version/.test(line)) now--;
        }
        assert.equal(now, 0);
        assert.equal(most, loadConcurrency);
      });
    }
  });
});

test('closing unloads every version, which stays known', async () => {
  await withFolder(async (root) => {
    await copyModel(identity, path.join(root, 'm'), identityConfig);
    await withRepository({ folders: [root] }, async ({ repository }) => {
      assert.deepEqual(repository.inFlight(), [{ model: 'm', version: 1, count: 0 }]);
      await repository.close();
      assert.deepEqual(await repository.index(false), [
        { name: 'm', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' },
      ]);
      assert.deepEqual(repository.inFlight(), []);
      assert.throws(() => repository.pick('m', 1), { code: 'unavailable' });
    });
  });
});

test('what a config asks for and has no effect here is told once', async () => {
  await withFolder(async (root) => {
    const settings =
      'dynamic_batching { priority_queue_policy { key: 1 value { max_queue_size: 3 } } } response_cache { enable: true } optimization { eager_batching: true } ' +
      'parameters { key: "gpu_mem_limit" value { string_value: "1" } } parameters { key: "mine" value { string_value: "x" } }';
    await copyModel(identity, path.join(root, 'm'), `${identityConfig} ${settings}`);
    await withRepository({ folders: [root] }, ({ complete, lines }) => {
      assert.equal(complete, true);
      for (const note of [
        `'m': parameter 'gpu_mem_limit' has an effect only on a GPU and is not used`,
        `'m': parameter 'mine' is not known to this server and is not used`,
        `'m': accepted and without effect here: optimization.eager_batching, dynamic_batching.priority_queue_policy without priority_levels, response_cache`,
      ]) {
        assert.equal(lines.filter((line) => line.includes(note)).length, 1, note);
      }
    });
  });
});
