import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  longestPrefix,
  readAsCredential,
  readGsCredential,
  readS3Credential,
  type CredentialSource,
} from '../../src/storage/credentials.js';
import { memoryLog, withFolder } from '../support/server.js';

/** Reads a credential for a URL with a file of this content. */
function withFile<T>(
  content: unknown,
  text: string,
  read: (source: CredentialSource) => Promise<T>,
): Promise<{ credential: T; lines: string[] }> {
  return withFolder(async (folder) => {
    const file = path.join(folder, 'cloud.json');
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
    const { log, lines } = memoryLog();
    const env = { TRITON_CLOUD_CREDENTIAL_PATH: file, AWS_ACCESS_KEY_ID: 'of the environment' };
    return { credential: await read({ text, env, log }), lines };
  });
}

test('the environment holds where there is no file (models.md 5.12)', async () => {
  const { log } = memoryLog();
  const env = {
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'token',
    AWS_DEFAULT_REGION: 'region',
    AWS_PROFILE: 'profile',
    GOOGLE_APPLICATION_CREDENTIALS: '/key.json',
    AZURE_STORAGE_ACCOUNT: 'account',
    AZURE_STORAGE_KEY: 'key',
  };
  const source = { text: 's3://b', env, log };
  assert.deepEqual(await readS3Credential(source), {
    keyId: 'id',
    secretKey: 'secret',
    sessionToken: 'token',
    region: 'region',
    profile: 'profile',
  });
  assert.deepEqual(await readGsCredential(source), { keyFile: '/key.json' });
  assert.deepEqual(await readAsCredential(source), { account: 'account', key: 'key', authType: '' });
});

const entries = {
  s3: {
    '': { key_id: 'any', secret_key: 'a', region: 'r', session_token: 't', profile: 'p' },
    's3://bucket': { key_id: 'bucket' },
    's3://bucket/team': { key_id: 'team' },
    's3://https://host:9000/bucket': { key_id: 'host' },
  },
  gs: { 'gs://bucket': '/bucket.json' },
  as: { 'as://account/container': { account_str: 'account', account_key: 'k' } },
};

const matches: Readonly<Record<string, string>> = {
  's3://other/models': 'any',
  's3://bucket/models': 'bucket',
  's3://bucket/team/models': 'team',
  's3://https://host:9000/bucket/models': 'host',
  's3://host:9000/bucket/models': 'any',
};

for (const [url, keyId] of Object.entries(matches)) {
  test(`'${url}' takes the entry of the longest prefix, '${keyId}'`, async () => {
    const { credential } = await withFile(entries, url, readS3Credential);
    assert.equal(credential.keyId, keyId);
  });
}

test('the longest prefix is one of them, begins the text, and none that does is longer', () => {
  const name = fc.string({ unit: fc.constantFrom('a', '/'), maxLength: 5 });
  fc.assert(
    fc.property(name, fc.array(name), (text, prefixes) => {
      const best = longestPrefix(text, prefixes);
      const fitting = prefixes.filter((prefix) => text.startsWith(prefix));
      if (best === undefined) return assert.deepEqual(fitting, []);
      assert.ok(fitting.includes(best) && fitting.every((one) => one.length <= best.length));
    }),
    { seed: 3, numRuns: 500 },
  );
});

test('entries of the other kinds are read too', async () => {
  assert.deepEqual((await withFile(entries, 'gs://bucket/x', readGsCredential)).credential, {
    keyFile: '/bucket.json',
  });
  assert.deepEqual((await withFile(entries, 'as://account/container/x', readAsCredential)).credential, {
    account: 'account',
    key: 'k',
    authType: '',
  });
});

test('a URL without an entry is refused with the words of Triton', async () => {
  await assert.rejects(withFile(entries, 'gs://other/x', readGsCredential), {
    code: 'not-found',
    message:
      /^Cannot match credential for path {2}gs:\/\/other\/x: '.*cloud\.json' \(TRITON_CLOUD_CREDENTIAL_PATH\)/,
  });
});

const broken: readonly [unknown, RegExp][] = [
  ['{ "s3": { "": { "secret_key": "hush-hush" ', /it is no JSON/],
  ['{ "s3": hush-hush }', /it is no JSON/],
  [[], /it must hold an object with objects 's3', 'gs' and 'as'/],
  [{ s3: 'hush-hush' }, /it must hold an object/],
  [{ s3: { '': 'hush-hush' } }, /s3 entry '' is not an object/],
  [{ s3: { '': { secret_key: ['hush-hush'] } } }, /'secret_key' of s3 entry '' is not a text/],
];

for (const [content, message] of broken) {
  test(`a credentials file is refused without its secrets: ${message.source}`, async () => {
    await assert.rejects(withFile(content, 's3://b', readS3Credential), (error: Error) => {
      assert.match(
        error.message,
        /^credentials file '.*cloud\.json' \(TRITON_CLOUD_CREDENTIAL_PATH\) is wrong: /,
      );
      assert.match(error.message, message);
      return !error.message.includes('hush-hush') && error.cause === undefined;
    });
  });
}

test('a credentials file that is not there is named', async () => {
  const { log } = memoryLog();
  const env = { TRITON_CLOUD_CREDENTIAL_PATH: '/nowhere.json' };
  await assert.rejects(readS3Credential({ text: 's3://b', env, log }), {
    message:
      "credentials file '/nowhere.json' (TRITON_CLOUD_CREDENTIAL_PATH) is wrong: it cannot be read: ENOENT",
  });
});

test('a field that is not known is told of, without its value', async () => {
  const { lines } = await withFile({ s3: { '': { secretKey: 'hush-hush' } } }, 's3://b', readS3Credential);
  assert.match(
    lines.join('\n'),
    /unknown fields, which have no effect: secretKey\. Known are secret_key, key_id/,
  );
  assert.doesNotMatch(lines.join('\n'), /hush-hush/);
});
