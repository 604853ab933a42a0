import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { InferenceError } from '../../../src/inference/error.js';
import { listModels } from '../../../src/storage/list-models.js';
import { localise } from '../../../src/storage/localise.js';
import { openStorage } from '../../../src/storage/open-storage.js';
import type { Environment, Storage } from '../../../src/storage/storage.js';
import { Command } from '../../support/command.js';
import { rows } from '../../support/completed.js';
import { encodeOnnx } from '../../support/onnx-model.js';
import { memoryLog, withFolder } from '../../support/server.js';
import { serveAndFollow } from './serve-and-follow.js';
import { startAs, startGs, startS3, type Cloud } from './clouds.js';

const clouds = { s3: startS3, gs: startGs, as: startAs };

const mounts = {
  s3: 'TRITON_AWS_MOUNT_DIRECTORY',
  gs: 'TRITON_GCS_MOUNT_DIRECTORY',
  as: 'TRITON_AZURE_MOUNT_DIRECTORY',
};

/** What opening fails with; what the log and the error say must hold no secret. */
async function failureOf(url: string, env: Environment): Promise<InferenceError> {
  const { log, lines } = memoryLog();
  const error = await openStorage(url, { env, log }).then(
    () => assert.fail(`'${url}' could be opened`),
    (error: unknown) => error,
  );
  assert.ok(error instanceof InferenceError, String(error));
  for (const text of [error.message, ...lines]) assert.doesNotMatch(text, /hush-hush|Eby8vdM02x/);
  return error;
}

for (const [kind, start] of Object.entries(clouds)) {
  describe(`a repository in ${kind}://`, () => {
    let cloud: Cloud;
    let count = 0;

    before(async () => {
      cloud = await start();
    });
    after(() => cloud.stop());

    /** A folder of the bucket for one test, and one of this machine for copies. */
    const withModels = (use: (parts: Parts) => Promise<void>): Promise<void> =>
      withFolder(async (folder) => {
        const inside = `test/${++count}/models`;
        const put: Parts['put'] = async (files) => {
          for (const [key, content] of Object.entries(files)) await cloud.put(`${inside}/${key}`, content);
        };
        const { log, lines } = memoryLog();
        const env = { ...cloud.env, [mounts[kind as keyof typeof mounts]]: folder };
        const open = (): Promise<Storage> => openStorage(cloud.url(inside), { env, log });
        await use({ inside, put, open, folder, log, lines });
      });

    test('is listed as models whose stamps differ when anything in them changed', () =>
      withModels(async ({ inside, put, open }) => {
        await put({
          'a/config.pbtxt': 'name: "a"',
          'a/1/model.onnx': 'one',
          'b/1/model.onnx': 'x',
          README: 'r',
        });
        const storage = await open();
        const stamps = async (): Promise<Map<string, string>> => {
          const { models } = await listModels(storage);
          return new Map(models.map(({ name, stamp }) => [name, stamp]));
        };
        const first = await stamps();
        assert.deepEqual([...first.keys()], ['a', 'b']);
        assert.deepEqual(await stamps(), first);
        await put({ 'a/1/model.onnx': 'two' });
        const second = await stamps();
        assert.notEqual(second.get('a'), first.get('a'));
        assert.equal(second.get('b'), first.get('b'));
        await put({ 'b/2/model.onnx': 'y', 'c/1/model.onnx': 'z' });
        const third = await stamps();
        assert.notEqual(third.get('b'), second.get('b'));
        assert.deepEqual([...third.keys()], ['a', 'b', 'c']);
        await cloud.remove(`${inside}/c/1/model.onnx`);
        assert.deepEqual([...(await stamps()).keys()], ['a', 'b']);
        storage.close();
      }));

    test('gives a model as it is there, byte for byte, and frees it', () =>
      withModels(async ({ put, open, folder, lines, log }) => {
        const large = randomBytes(5_000_000);
        const files: Record<string, string | Buffer> = {
          'm/config.pbtxt': 'name: "m"',
          'm/1/model.onnx': large,
          'm/1/empty': '',
          'm/labels für alle + 100 %.txt': 'a\nb',
          'm/warmup/deep/er/data': Buffer.from([0, 255, 10, 13]),
        };
        await put({ ...files, 'mm/1/model.onnx': 'not of it' });
        const storage = await open();
        const copy = await localise(storage, 'm', { log });
        const found = await readdir(copy.folder, { recursive: true, withFileTypes: true });
        const names = found
          .filter((one) => one.isFile())
          .map((one) => path.join('m', path.relative(copy.folder, one.parentPath), one.name));
        assert.deepEqual(names.sort(), Object.keys(files).sort());
        for (const [name, content] of Object.entries(files)) {
          const there = await readFile(path.join(copy.folder, '..', name));
          assert.ok(there.equals(Buffer.from(content)), name);
        }
        const { models } = await listModels(storage);
        assert.equal(models.find(({ name }) => name === 'm')?.stamp, copy.stamp);
        assert.match(lines.at(-1) ?? '', /downloaded 'm' from '.*': 5 files, 50000\d\d bytes in/);
        await copy.free();
        assert.deepEqual(await readdir(folder), []);
        storage.close();
      }));

    test('is listed whole when it has more objects than a page', () =>
      withModels(async ({ inside, put, open }) => {
        await put({ 'm/config.pbtxt': '' });
        const keys = Array.from({ length: 1100 }, (_, i) => `m/1/${i}`);
        for (let i = 0; i < keys.length; i += 20) {
          await Promise.all(keys.slice(i, i + 20).map((key) => cloud.put(`${inside}/${key}`, 'x')));
        }
        const storage = await open();
        assert.equal((await storage.list('m')).length, 1101);
        storage.close();
      }));

    test('refuses to read what is another object than was listed', () =>
      withModels(async ({ put, open }) => {
        await put({ 'm/1/model.onnx': 'one' });
        const storage = await open();
        const [file] = await storage.list('m');
        await put({ 'm/1/model.onnx': 'two' });
        const message = /changed or vanished while it was read/;
        await assert.rejects(storage.read(file!, new AbortController().signal), {
          code: 'unavailable',
          message,
        });
        storage.close();
      }));

    test('is checked without a server, by its own names, and leaves no copies', () =>
      withModels(async ({ inside, put, folder }) => {
        await put({
          'good/1/model.onnx': encodeOnnx(rows),
          'bad/1/model.onnx': 'no model',
          'bad/config.pbtxt': 'max_batch_size: 2',
          'README.md': 'r',
        });
        const url = cloud.url(inside);
        const env = { ...cloud.env, [mounts[kind as keyof typeof mounts]]: folder } as Record<string, string>;
        const checked = await new Command(['check', url], { env }).ended;
        assert.equal(checked.code, 1);
        assert.match(checked.out, /^good +1 +x FP32 \[-1,2\] +y FP32 \[-1,2\] +dynamic, up to 4 .* ok$/m);
        assert.ok(checked.out.includes(`Load model from ${url}/bad/1/model.onnx failed`), checked.out);
        assert.match(checked.out, /plain files are passed over: 'README\.md'/);
        const printed = await new Command(['config', `${url}/good`], { env }).ended;
        assert.deepEqual([printed.code, printed.out.split('\n')[0]], [0, 'name: "good"']);
        assert.deepEqual(await readdir(folder), []);
      }));

    test('leaves nothing when a download is cancelled', () =>
      withModels(async ({ put, open, folder, log }) => {
        await put({ 'm/1/model.onnx': randomBytes(3_000_000), 'm/2/model.onnx': randomBytes(3_000_000) });
        const storage = await open();
        const controller = new AbortController();
        let readings = 0;
        const nowMs = (): number => {
          // Called with each chunk.
          if (++readings === 5) controller.abort();
          return readings;
        };
        await assert.rejects(localise(storage, 'm', { log, nowMs, signal: controller.signal }), {
          code: 'cancelled',
        });
        assert.deepEqual(await readdir(folder), []);
        storage.close();
      }));

    test('says when nothing lies there, when there is no bucket, and when nobody answers', async () => {
      const empty = await failureOf(cloud.url('nothing/here'), cloud.env);
      assert.equal(empty.code, 'not-found');
      assert.match(
        empty.message,
        /^repository path is not a valid directory: nothing lies beneath '.*nothing\/here'/,
      );
      const missing = await failureOf(cloud.noBucketUrl, cloud.env);
      assert.equal(missing.code, 'not-found');
      assert.match(missing.message, /^(bucket|container) 'nobody-made-this' of '.*' does not exist \(/);
      const { url, env } = await cloud.unreachable();
      const silent = await failureOf(url, env);
      assert.equal(silent.code, 'unavailable');
      assert.match(silent.message, /^nobody answers for '.*' \(.*ECONNREFUSED.*\)\. Check the host/);
    });

    test('takes credentials from the file of TRITON_CLOUD_CREDENTIAL_PATH', () =>
      withModels(async ({ inside, put, folder, log }) => {
        await put({ 'm/1/model.onnx': 'x' });
        const { env } = cloud;
        const entries = {
          s3: {
            's3://': {
              key_id: env['AWS_ACCESS_KEY_ID'],
              secret_key: env['AWS_SECRET_ACCESS_KEY'],
              region: 'us-east-1',
            },
          },
          gs: { 'gs://nereid': path.join(folder, 'google.json') },
          as: {
            '': { account_str: 'another', account_key: 'AAAA' },
            'as://devstore': { account_str: '', account_key: env['AZURE_STORAGE_KEY'] },
          },
        };
        await writeFile(path.join(folder, 'google.json'), '{}');
        const file = path.join(folder, 'credentials.json');
        await writeFile(file, JSON.stringify(entries));
        const kept = Object.entries(env).filter(([name]) => /ENDPOINT|EMULATOR/.test(name));
        const only = { ...Object.fromEntries(kept), TRITON_CLOUD_CREDENTIAL_PATH: file };
        const storage = await openStorage(cloud.url(inside), { env: only, log });
        const { models } = await listModels(storage);
        assert.deepEqual(
          models.map(({ name }) => name),
          ['m'],
        );
        storage.close();
      }));

    if (kind === 'gs') {
      test('gives an object that is stored packed as it was before', () =>
        withModels(async ({ inside, put, open, log }) => {
          const text = 'name: "m" '.repeat(1000);
          await put({ 'm/1/model.onnx': 'x' });
          await cloud.putPacked?.(`${inside}/m/config.pbtxt`, text);
          const storage = await open();
          const { folder, free } = await localise(storage, 'm', { log });
          assert.equal(await readFile(path.join(folder, 'config.pbtxt'), 'utf8'), text);
          await free();
          storage.close();
        }));
    }

    test('serves its models, follows what changes in them, and keeps no copy that is not used', () =>
      withModels(({ inside, put, folder, log }) =>
        serveAndFollow({
          url: cloud.url(inside),
          env: { ...cloud.env, [mounts[kind as keyof typeof mounts]]: folder },
          put,
          remove: (key) => cloud.remove(`${inside}/${key}`),
          folder,
          log,
        }),
      ));

    test('refuses objects whose names lead out of the folder', () =>
      withModels(async ({ put, open, folder, log }) => {
        await mkdir(path.join(folder, 'sentinel'));
        await put({ 'm/1/model.onnx': 'x', 'm/1/a\\..\\..\\b': 'evil' });
        const storage = await open();
        const files = await storage.list('m');
        if (files.some((file) => file.path.includes('\\'))) {
          await assert.rejects(localise(storage, 'm', { log }), {
            code: 'invalid-argument',
            message: /backslash/,
          });
        }
        assert.deepEqual(await readdir(folder), ['sentinel']);
        storage.close();
      }));
  });
}

interface Parts {
  readonly inside: string;
  readonly put: (files: Readonly<Record<string, string | Buffer>>) => Promise<void>;
  readonly open: () => Promise<Storage>;
  readonly folder: string;
  readonly log: ReturnType<typeof memoryLog>['log'];
  readonly lines: readonly string[];
}
