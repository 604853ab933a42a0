import assert from 'node:assert/strict';
import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { groupModels, listModels } from '../../src/storage/list-models.js';
import { openStorage } from '../../src/storage/open-storage.js';
import { loadSdk } from '../../src/storage/sdk.js';
import type { StoredFile } from '../../src/storage/storage.js';
import { memoryLog, withFolder } from '../support/server.js';

const { log } = memoryLog();

/** A folder with a model in it, and its stamp whenever it is asked for. */
function withModel(use: (root: string, stamp: () => Promise<string>) => Promise<void>): Promise<void> {
  return withFolder(async (root) => {
    await mkdir(path.join(root, 'm/1'), { recursive: true });
    await writeFile(path.join(root, 'm/1/model.onnx'), 'x');
    const storage = await openStorage(root, { env: {}, log });
    await use(root, async () => (await listModels(storage)).models[0]?.stamp ?? assert.fail());
  });
}

test('a local folder and its file:// URL are one repository', () =>
  withModel(async (root, stamp) => {
    await writeFile(path.join(root, 'README'), '');
    await mkdir(path.join(root, 'empty'));
    const storage = await openStorage(pathToFileURL(root).href, { env: {}, log });
    assert.equal(storage.localFolder, root);
    const { models } = await listModels(storage);
    assert.deepEqual(
      models.map(({ name, sizeBytes }) => ({ name, sizeBytes })),
      [
        { name: 'empty', sizeBytes: 0 },
        { name: 'm', sizeBytes: 1 },
      ],
    );
    assert.equal(models[1]?.stamp, (await listModels(storage)).models[1]?.stamp);
    assert.notEqual(models[1]?.stamp, '');
    assert.ok(await stamp());
  }));

test('the stamp of a local model changes with its files and only then (models.md 5.4)', () =>
  withModel(async (root, stamp) => {
    const file = path.join(root, 'm/1/model.onnx');
    const first = await stamp();
    assert.equal(await stamp(), first);
    await writeFile(path.join(root, 'beside'), 'x');
    assert.equal(await stamp(), first);
    await writeFile(path.join(root, 'new'), 'y');
    await utimes(path.join(root, 'new'), 1, 1);
    await rename(path.join(root, 'new'), file);
    const second = await stamp();
    assert.notEqual(second, first);
    await mkdir(path.join(root, 'm/2'));
    const third = await stamp();
    assert.notEqual(third, second);
    await rm(path.join(root, 'm/2'), { recursive: true });
    assert.notEqual(await stamp(), third);
  }));

test('symbolic links are followed, but not in circles nor to nothing', () =>
  withModel(async (root) => {
    await symlink(path.join(root, 'm'), path.join(root, 'linked'));
    await symlink(root, path.join(root, 'm/around'));
    await symlink(path.join(root, 'nothing'), path.join(root, 'm/nowhere'));
    const storage = await openStorage(root, { env: {}, log });
    assert.deepEqual(
      (await storage.list('')).map((file) => file.path),
      ['linked/', 'linked/1/', 'linked/1/model.onnx', 'm/', 'm/1/', 'm/1/model.onnx'],
    );
  }));

test('a folder that is not there is refused with the words of Triton', async () => {
  await assert.rejects(openStorage('/nowhere/models', { env: {}, log }), {
    code: 'invalid-argument',
    message: "repository path is not a valid directory: '/nowhere/models'",
  });
});

const mounts = {
  's3://127.0.0.1:1/bucket': 'TRITON_AWS_MOUNT_DIRECTORY',
  'gs://bucket': 'TRITON_GCS_MOUNT_DIRECTORY',
  'as://account/container': 'TRITON_AZURE_MOUNT_DIRECTORY',
};

for (const [url, variable] of Object.entries(mounts)) {
  test(`a folder in ${variable} that is not there is refused by name`, async () => {
    await assert.rejects(openStorage(url, { env: { [variable]: '/nowhere' }, log }), {
      code: 'invalid-argument',
      message: `${variable} is '/nowhere', which is no folder. Expected an existing folder for the copies of models`,
    });
  });
}

test('a package that is not installed is named, with the command that installs it', async () => {
  const name: string = '@nereid/not-installed';
  await assert.rejects(
    loadSdk('@aws-sdk/client-s3', 's3', () => import(name)),
    {
      code: 'unsupported',
      message:
        /^s3:\/\/ file-system not supported\. To enable, install the package '@aws-sdk\/client-s3', .*--omit=optional: npm install @aws-sdk\/client-s3$/,
    },
  );
});

test('a Google key file that is not there is named', async () => {
  await assert.rejects(
    openStorage('gs://b', { env: { GOOGLE_APPLICATION_CREDENTIALS: '/nowhere/key.json' }, log }),
    {
      code: 'invalid-argument',
      message: /'\/nowhere\/key\.json' cannot be read\. Check GOOGLE_APPLICATION_CREDENTIALS/,
    },
  );
});

test('an Azure key that is none, and an authentication that is not supported, are refused', async () => {
  const open = (env: Record<string, string>): Promise<unknown> => openStorage('as://a/c', { env, log });
  await assert.rejects(open({ AZURE_STORAGE_KEY: 'hush-hush' }), ({ message }: Error) => {
    assert.match(message, /AZURE_STORAGE_KEY .* is not in base64/);
    return !message.includes('hush-hush');
  });
  await assert.rejects(open({ AZURE_STORAGE_AUTH_TYPE: 'managed_identity' }), {
    code: 'unsupported',
    message: /'managed_identity' \(AZURE_STORAGE_AUTH_TYPE, auth_type\) is not supported/,
  });
});

test('what cannot be the folder of a model is told of and left out', () => {
  const file = (path: string): StoredFile => ({ path, sizeBytes: 1, stamp: 's' });
  const { models, refused } = groupModels(['../x', '/y', 'a\\b/1/z', 'm/1/x', 'plain'].map(file));
  assert.deepEqual(
    models.map(({ name }) => name),
    ['m'],
  );
  assert.equal(refused.length, 3);
  assert.match(refused[0] ?? '', /^object '\.\.\/x' is in no model's folder: it has '\.\.' between slashes$/);
});

test('opening can be cancelled', async () => {
  const signal = AbortSignal.abort();
  for (const url of [
    's3://127.0.0.1:1/bucket/models',
    'gs://bucket/models',
    'as://account/container/models',
  ]) {
    const env = {
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      STORAGE_EMULATOR_HOST: '127.0.0.1:1',
      AZURE_STORAGE_SERVICE_ENDPOINT: 'http://127.0.0.1:1/account',
    };
    await assert.rejects(openStorage(url, { env, log, signal }), {
      code: 'cancelled',
      message: `reading '${url}' was cancelled`,
    });
  }
});
