import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { listModels } from '../../src/storage/list-models.js';
import { openLocal } from '../../src/storage/local.js';
import { localise, type LocaliseOptions } from '../../src/storage/localise.js';
import { MemoryBucket } from '../support/memory-bucket.js';
import { memoryLog, withFolder } from '../support/server.js';

const model = { 'models/m/config.pbtxt': 'name: "m"', 'models/m/1/model.onnx': '0123456789abcdef' };

interface Parts {
  readonly bucket: MemoryBucket;
  readonly folder: string;
  readonly lines: string[];
  readonly storage: ReturnType<MemoryBucket['storage']>;
  readonly get: (options?: Partial<LocaliseOptions>, name?: string) => ReturnType<typeof localise>;
}

/** A bucket with one model, and a folder for its copies. */
function withBucket(use: (parts: Parts) => Promise<void>): Promise<void> {
  return withFolder((folder) => {
    const bucket = new MemoryBucket().put(model);
    const { log, lines } = memoryLog();
    const storage = bucket.storage(folder);
    const get: Parts['get'] = (options, name = 'm') => localise(storage, name, { log, ...options });
    return use({ bucket, folder, lines, storage, get });
  });
}

test('a model is copied into a folder with its name, and freed', () =>
  withBucket(async ({ bucket, folder, storage, get }) => {
    bucket.put({ 'models/m/2/': '', 'models/other/1/model.onnx': 'x', elsewhere: 'y' });
    const copy = await get();
    assert.equal(path.basename(copy.folder), 'm');
    const names = await readdir(copy.folder, { recursive: true });
    assert.deepEqual(names.sort(), ['1', '1/model.onnx', '2', 'config.pbtxt']);
    assert.equal(await readFile(path.join(copy.folder, '1/model.onnx'), 'utf8'), '0123456789abcdef');
    const { models } = await listModels(storage);
    assert.equal(models.find(({ name }) => name === 'm')?.stamp, copy.stamp);
    await copy.free();
    await copy.free();
    assert.deepEqual(await readdir(folder), []);
  }));

test('nothing but the model lies in the folder that is made for it', () =>
  withBucket(async ({ folder, get }) => {
    await get();
    const names = await readdir(folder, { recursive: true });
    assert.deepEqual(names.map((name) => name.replace(/^nereid-model-[^/]+/, 'N')).sort(), [
      'N',
      'N/copy',
      'N/copy/m',
      'N/copy/m/1',
      'N/copy/m/1/model.onnx',
      'N/copy/m/config.pbtxt',
    ]);
  }));

test('two copies of one model live side by side', () =>
  withBucket(async ({ bucket, get }) => {
    const old = await get();
    bucket.put({ 'models/m/1/model.onnx': 'new' });
    const fresh = await get();
    assert.notEqual(old.stamp, fresh.stamp);
    assert.equal(await readFile(path.join(old.folder, '1/model.onnx'), 'utf8'), '0123456789abcdef');
    assert.equal(await readFile(path.join(fresh.folder, '1/model.onnx'), 'utf8'), 'new');
  }));

test('a model in a local folder is not copied, and freeing it leaves it', () =>
  withFolder(async (root) => {
    await mkdir(path.join(root, 'm/1'), { recursive: true });
    await writeFile(path.join(root, 'm/1/model.onnx'), 'x');
    const storage = openLocal(root);
    const { log } = memoryLog();
    const { folder, stamp, free } = await localise(storage, 'm', { log });
    await free();
    assert.equal(folder, path.join(root, 'm'));
    assert.equal(stamp, (await listModels(storage)).models[0]?.stamp);
    assert.equal(await readFile(path.join(folder, '1/model.onnx'), 'utf8'), 'x');
    await assert.rejects(localise(storage, 'n', { log }), { code: 'not-found', message: /no model 'n' in/ });
  }));

test('a model that is not there, and a name that is none, are refused', () =>
  withBucket(async ({ folder, get }) => {
    const message = "there is no model 'n' in 'gs://memory/models'";
    await assert.rejects(get({}, 'n'), { code: 'not-found', message });
    for (const name of ['', '..', '../m', '/m', 'a\\b']) {
      await assert.rejects(get({}, name), { code: 'invalid-argument' });
    }
    assert.deepEqual(await readdir(folder), []);
  }));

test('a download that fails leaves nothing and says why, without secrets', () =>
  withBucket(async ({ bucket, folder, get }) => {
    bucket.onRead = (key) => {
      if (key.endsWith('model.onnx')) throw new Error('the key hush-hush is wrong\nand a second line');
    };
    await assert.rejects(get(), {
      code: 'internal',
      message: "cannot read 'gs://memory/models' (the key *** is wrong)",
    });
    assert.deepEqual(await readdir(folder), []);
  }));

test('an object that would leave the folder fails the download before a byte is fetched', () =>
  withBucket(async ({ bucket, folder, get }) => {
    bucket.put({ 'models/m/../../../evil': 'x' });
    const message = /object 'm\/\.\.\/\.\.\/\.\.\/evil' cannot be/;
    await assert.rejects(get(), { code: 'invalid-argument', message });
    assert.equal(bucket.readCount, 0);
    assert.deepEqual(await readdir(folder), []);
  }));

test('an object that is a file where another one needs a folder fails the download', () =>
  withBucket(async ({ bucket, folder, get }) => {
    bucket.put({ 'models/m/1': 'a file' });
    const message = /cannot copy 'm\/1.*(EEXIST|ENOTDIR|EISDIR)/;
    await assert.rejects(get(), { code: 'unavailable', message });
    assert.deepEqual(await readdir(folder), []);
  }));

test('a stream that breaks is read again from its begin, three times at most', () =>
  withBucket(async ({ bucket, folder, get }) => {
    bucket.breaks.set('models/m/1/model.onnx', [4, 12]);
    const copy = await get();
    assert.equal(await readFile(path.join(copy.folder, '1/model.onnx'), 'utf8'), '0123456789abcdef');
    await copy.free();
    bucket.breaks.set('models/m/1/model.onnx', [4, 4, 4]);
    await assert.rejects(get(), {
      code: 'unavailable',
      message: `cannot copy 'm/1/model.onnx' of 'gs://memory/models' to '${folder}': ECONNRESET: the line went dead`,
    });
    assert.deepEqual(await readdir(folder), []);
  }));

test('a stream in which nothing comes any more is given up', () =>
  withBucket(async ({ bucket, folder, get }) => {
    bucket.silent.add('models/m/1/model.onnx');
    const message = /cannot copy 'm\/1\/model\.onnx' of .*: nothing came for 0\.01 s$/;
    await assert.rejects(get({ silenceMs: 10 }), { code: 'unavailable', message });
    assert.equal(bucket.readCount, 4);
    assert.deepEqual(await readdir(folder), []);
  }));

test('an abort ends the download and leaves nothing', () =>
  withBucket(async ({ bucket, folder, get }) => {
    for (let i = 0; i < 40; i++) bucket.put({ [`models/m/1/${i}`]: 'x'.repeat(100) });
    const controller = new AbortController();
    bucket.onRead = () => bucket.readCount >= 20 && controller.abort();
    const message = "the download of 'm' from 'gs://memory/models' was cancelled";
    await assert.rejects(get({ signal: controller.signal }), { code: 'cancelled', message });
    assert.ok(bucket.readCount < 40);
    assert.deepEqual(await readdir(folder), []);
    await assert.rejects(get({ signal: controller.signal }), { code: 'cancelled' });
  }));

test('a model that changed while it was downloaded is downloaded again', () =>
  withBucket(async ({ bucket, folder, lines, get }) => {
    let changes = 2;
    bucket.onRead = () => changes-- > 0 && bucket.put({ 'models/m/1/model.onnx': `v${changes}` });
    const copy = await get();
    assert.equal(await readFile(path.join(copy.folder, '1/model.onnx'), 'utf8'), 'v0');
    assert.equal(lines.filter((line) => line.includes('it is downloaded again')).length, 1);
    assert.equal((await readdir(folder)).length, 1);
  }));

test('a model that changes during each download is not loadable now', () =>
  withBucket(async ({ bucket, folder, get }) => {
    bucket.onRead = () => bucket.put({ 'models/m/1/model.onnx': `v${bucket.readCount}` });
    await assert.rejects(get(), { code: 'unavailable', message: /during each of 5 downloads/ });
    assert.deepEqual(await readdir(folder), []);
  }));

test('a model that goes while it is downloaded is not there', () =>
  withBucket(async ({ bucket, folder, get }) => {
    bucket.onRead = () => bucket.objects.clear();
    await assert.rejects(get(), { code: 'not-found' });
    assert.deepEqual(await readdir(folder), []);
  }));

test('no more than eight files are read at once, over all models', () =>
  withBucket(async ({ bucket, get }) => {
    for (let i = 0; i < 40; i++)
      bucket.put({ [`models/m/1/${i}`]: 'x'.repeat(99), [`models/n/1/${i}`]: 'y' });
    await Promise.all([get(), get({}, 'n')]);
    assert.equal(bucket.readingMax, 8);
  }));

test('progress is told once a second at most and at the end', () =>
  withBucket(async ({ bucket, lines, get }) => {
    bucket.objects.delete('models/m/config.pbtxt');
    let nowMs = 0;
    await get({ nowMs: () => (nowMs += 600) });
    assert.deepEqual(
      lines.map((line) => JSON.parse(/\] (".*")$/.exec(line)?.[1] ?? '""') as string),
      [
        "downloading 'm' from 'gs://memory/models': 8 of 16 bytes (50 %)",
        "downloading 'm' from 'gs://memory/models': 16 of 16 bytes (100 %)",
        "downloaded 'm' from 'gs://memory/models': 1 file, 16 bytes in 3.0 s",
      ],
    );
  }));

test('whatever breaks and whenever, a copy is whole or there is none', async () => {
  const sizes = fc.array(fc.nat(30), { minLength: 1, maxLength: 6 });
  const broken = fc.array(fc.record({ file: fc.nat(5), after: fc.nat(20) }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(sizes, broken, (sizeOf, breaks) =>
      withFolder(async (folder) => {
        const bucket = new MemoryBucket();
        for (const [i, size] of sizeOf.entries()) bucket.put({ [`models/m/1/${i}`]: String(i).repeat(size) });
        for (const { file, after } of breaks) {
          const key = `models/m/1/${file}`;
          bucket.breaks.set(key, [...(bucket.breaks.get(key) ?? []), after]);
        }
        const { log } = memoryLog();
        const copy = await localise(bucket.storage(folder), 'm', { log }).catch(() => undefined);
        if (copy === undefined) {
          assert.deepEqual(await readdir(folder), []);
          return;
        }
        for (const [i, size] of sizeOf.entries()) {
          const text: string = await readFile(path.join(copy.folder, '1', String(i)), 'utf8');
          assert.equal(text, String(i).repeat(size));
        }
      }),
    ),
    { seed: 9, numRuns: 100 },
  );
});
