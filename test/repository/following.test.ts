import assert from 'node:assert/strict';
import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { monotonicClock } from '../../src/inference/clock.js';
import { Poller } from '../../src/repository/poller.js';
import { Repository } from '../../src/repository/repository.js';
import { watchFolders } from '../../src/repository/watch-folders.js';
import { Arena } from '../../src/tensors/arena.js';
import { eventually } from '../support/eventually.js';
import { putAdder, putVersion } from '../support/controlled.js';
import { memoryLog, withFolder } from '../support/server.js';

interface Followed {
  readonly repository: Repository;
  readonly folders: readonly string[];
  readonly lines: readonly string[];
  /** Lets it follow all that has changed; the result is what that was. */
  readonly follow: () => Promise<string[]>;
}

async function withRepository(
  options: { namespacing?: boolean; control?: 'poll' | 'explicit' },
  prepare: (folders: readonly string[]) => Promise<void>,
  use: (followed: Followed) => Promise<void>,
): Promise<void> {
  await withFolder((first) =>
    withFolder(async (second) => {
      const folders = [first, second];
      await prepare(folders);
      const { log, lines } = memoryLog();
      const repository = new Repository(
        { folders, control: 'poll', loadConcurrency: 2, coreCount: 2, gpus: [], ...options },
        { clock: monotonicClock, arena: new Arena({ keptBytesMax: 0, shared: false }), log },
      );
      const follow = async (): Promise<string[]> => {
        const keys = [...(await repository.changes()).keys()];
        await repository.follow(keys);
        return keys;
      };
      try {
        await repository.loadAll();
        await use({ repository, folders, lines, follow });
      } finally {
        await repository.close();
      }
    }),
  );
}

async function serving(repository: Repository): Promise<string[]> {
  return (await repository.index(true)).map(({ name, version }) => `${name}:${version}`);
}

const nothing = async (): Promise<void> => {};

/** models.md 5.3, 5.4 */
describe('a repository that is followed', () => {
  test('loads what comes, loads anew what changes and unloads what goes', () =>
    withRepository({}, nothing, async ({ repository, folders: [folder = ''], follow }) => {
      const m = path.join(folder, 'm');
      assert.deepEqual(await follow(), []);
      await putAdder(m, [1]);
      assert.deepEqual(await follow(), ['m']);
      assert.deepEqual(await serving(repository), ['m:1']);
      await putVersion(m, 2);
      assert.deepEqual(await follow(), ['m']);
      assert.deepEqual(await serving(repository), ['m:2']);
      assert.deepEqual(await follow(), []);
      await rm(m, { recursive: true });
      assert.deepEqual(await follow(), ['m']);
      await eventually(async () => (await repository.index(false)).length === 0, 'it is forgotten');
      assert.deepEqual(await follow(), []);
    }));

  test('keeps what serves when a change is broken, tries it once, and takes the mended one', () =>
    withRepository(
      {},
      ([folder = '']) => putAdder(path.join(folder, 'm'), [1]),
      async (followed) => {
        const {
          repository,
          folders: [folder = ''],
          follow,
          lines,
        } = followed;
        const config = path.join(folder, 'm/config.pbtxt');
        await rename(config, `${config}.good`);
        await writeFile(config, 'nonsense');
        assert.deepEqual(await follow(), ['m']);
        assert.deepEqual(await serving(repository), ['m:1']);
        assert.match(lines.join('\n'), /failed to load 'm': Internal: failed to read text proto/);
        assert.match(lines.join('\n'), /'m' goes on as it was loaded before: version 1/);
        assert.deepEqual(await follow(), []);
        await rename(`${config}.good`, config);
        assert.deepEqual(await follow(), ['m']);
        assert.deepEqual(await serving(repository), ['m:1']);
      },
    ));

  test('says of a model that never served why it does not, and forgets it when it goes', () =>
    withRepository({}, nothing, async ({ repository, folders: [folder = ''], follow }) => {
      await putAdder(path.join(folder, 'm'), [1], 'nonsense');
      await follow();
      const [entry] = await repository.index(false);
      assert.equal(entry?.state, 'UNAVAILABLE');
      assert.match(entry.reason, /nonsense/);
      assert.equal(repository.allReady, false);
      await rm(path.join(folder, 'm'), { recursive: true });
      await follow();
      assert.deepEqual(await repository.index(false), []);
      assert.equal(repository.allReady, true);
    }));

  test('goes on serving a model of which a second one comes, and takes the one that is left', () =>
    withRepository(
      {},
      ([folder = '']) => putAdder(path.join(folder, 'm'), [1]),
      async (followed) => {
        const {
          repository,
          folders: [first = '', second = ''],
          follow,
        } = followed;
        await putAdder(path.join(second, 'm'), [2]);
        assert.deepEqual(await follow(), []);
        assert.equal(repository.pick('m', undefined).version, 1);
        assert.deepEqual(
          (await repository.index(true)).map(({ reason }) => reason),
          ['model appears in two or more repositories', ''],
        );
        await rm(path.join(first, 'm'), { recursive: true });
        assert.deepEqual(await follow(), ['m']);
        assert.deepEqual(await serving(repository), ['m:2']);
      },
    ));

  test('notices by itself what is dropped in', () =>
    withRepository({}, nothing, async ({ repository, folders }) => {
      const log = memoryLog().log;
      const poller = new Poller({ repository, clock: monotonicClock, log, pollMs: Infinity, settleMs: 10 });
      const endWatch = watchFolders(folders, { onMoved: () => poller.notice(), log });
      try {
        await putAdder(path.join(folders[0] ?? '', 'm'), [3]);
        await eventually(async () => (await serving(repository)).join() === 'm:3', 'it serves');
      } finally {
        endWatch();
        poller.stop();
      }
    }));
});

/** models.md 5.8 */
describe('names in several repositories', () => {
  const both = async ([first = '', second = '']: readonly string[]): Promise<void> => {
    await putAdder(path.join(first, 'm'), [1]);
    await putAdder(path.join(second, 'm'), [2]);
    await putAdder(path.join(second, 'n'), [3]);
  };

  test('serve from neither, without namespacing', () =>
    withRepository({}, both, async ({ repository }) => {
      assert.throws(() => repository.pick('m', undefined), {
        code: 'not-found',
        message: "Request for unknown model: 'm' is not found",
      });
      assert.equal(repository.pick('n', undefined).version, 3);
    }));

  test('serve from both, with namespacing, and a name alone must mean one of them', () =>
    withRepository({ namespacing: true }, both, async ({ repository }) => {
      assert.deepEqual(await serving(repository), ['m:1', 'm:2', 'n:3']);
      assert.equal(repository.pick('n', undefined).version, 3);
      assert.throws(() => repository.pick('m', undefined), {
        code: 'invalid-argument',
        message:
          "There are 2 identifiers of model 'm' in global map, model namespace must be provided to resolve ambiguity.",
      });
      assert.throws(() => repository.pick('none', undefined), {
        code: 'invalid-argument',
        message: "Request for unknown model: 'none' is not found",
      });
    }));

  test('are loaded and unloaded together, with namespacing', () =>
    withRepository({ namespacing: true, control: 'explicit' }, both, async ({ repository }) => {
      assert.deepEqual(await repository.load('m'), [{ kind: 'ready' }, { kind: 'ready' }]);
      assert.deepEqual(await serving(repository), ['m:1', 'm:2']);
      await repository.unload('m');
      assert.deepEqual(await serving(repository), []);
    }));
});
