import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { openStorage } from '../../src/storage/open-storage.js';
import type { Environment } from '../../src/storage/storage.js';
import { makeCertificates } from '../frontends/grpc/transports/certificates.js';
import { memoryLog, withFolder } from '../support/server.js';
import { withStubStore, type StubAnswer, type StubStore } from '../support/stub-store.js';

// What the SDKs would find on the machine of whoever runs this stays out of it.
process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
process.env['AWS_SHARED_CREDENTIALS_FILE'] = '/nowhere/credentials';
process.env['AWS_CONFIG_FILE'] = '/nowhere/config';
for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE', 'AWS_REGION']) {
  Reflect.deleteProperty(process.env, name);
}

const keys = { AWS_ACCESS_KEY_ID: 'AKIAHUSHHUSH', AWS_SECRET_ACCESS_KEY: 'hush-hush' };

function s3Error(status: number, code: string, message: string): StubAnswer {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, body, headers: { 'content-type': 'application/xml' } };
}

function gsError(status: number, message: string): StubAnswer {
  const body = JSON.stringify({ error: { code: status, message, errors: [{ message, reason: 'x' }] } });
  return { status, body, headers: { 'content-type': 'application/json' } };
}

function asError(status: number, code: string, message: string): StubAnswer {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, body, headers: { 'content-type': 'application/xml', 'x-ms-error-code': code } };
}

const asKey = Buffer.from('hush-hush').toString('base64');

interface Case {
  readonly name: string;
  readonly answer: StubAnswer;
  readonly url: (host: string) => string;
  readonly env: (host: string) => Environment;
  readonly code: string;
  readonly message: RegExp;
}

const s3 = { url: (host: string) => `s3://${host}/bucket/models`, env: () => keys };
const gs = { url: () => 'gs://bucket/models', env: (host: string) => ({ STORAGE_EMULATOR_HOST: host }) };
const as = {
  url: () => 'as://account/container/models',
  env: (host: string) => ({
    AZURE_STORAGE_KEY: asKey,
    AZURE_STORAGE_SERVICE_ENDPOINT: `http://${host}/account`,
  }),
};

const cases: readonly Case[] = [
  {
    ...s3,
    name: 's3 with a key that is not known',
    answer: s3Error(403, 'InvalidAccessKeyId', 'The key AKIAHUSHHUSH is not in our records.'),
    code: 'invalid-argument',
    message:
      /^access to 's3:\/\/.*\/bucket\/models' was refused \(InvalidAccessKeyId: The key \*\*\* is not in our records\)\. Check AWS_ACCESS_KEY_ID, .*TRITON_CLOUD_CREDENTIAL_PATH, and that they may list/,
  },
  {
    ...s3,
    name: 's3 with a wrong secret',
    answer: s3Error(403, 'SignatureDoesNotMatch', 'The signature does not match.'),
    code: 'invalid-argument',
    message: /was refused \(SignatureDoesNotMatch: /,
  },
  {
    ...s3,
    name: 's3 with a token that is over',
    answer: s3Error(400, 'ExpiredToken', 'The token has expired.'),
    code: 'invalid-argument',
    message: /was refused \(ExpiredToken: /,
  },
  {
    ...s3,
    name: 's3 without the bucket',
    answer: s3Error(404, 'NoSuchBucket', 'The bucket does not exist.'),
    code: 'not-found',
    message: /^bucket 'bucket' of 's3:\/\/.*' does not exist \(NoSuchBucket: /,
  },
  {
    ...gs,
    name: 'gs without permission',
    answer: gsError(403, 'x does not have storage.objects.list access to the bucket.'),
    code: 'invalid-argument',
    message:
      /^access to 'gs:\/\/bucket\/models' was refused \(.*storage\.objects\.list.*\)\. Check the file that GOOGLE_APPLICATION_CREDENTIALS/,
  },
  {
    ...gs,
    name: 'gs without the bucket',
    answer: gsError(404, 'The specified bucket does not exist.'),
    code: 'not-found',
    message: /^bucket 'bucket' of 'gs:\/\/bucket\/models' does not exist/,
  },
  {
    ...as,
    name: 'as with a wrong key',
    answer: asError(403, 'AuthenticationFailed', `Server failed to authenticate the request with ${asKey}.`),
    code: 'invalid-argument',
    message:
      /^access to 'as:\/\/account\/container\/models' was refused \(AuthenticationFailed: .*\*\*\*.*\)\. Check AZURE_STORAGE_ACCOUNT/,
  },
  {
    ...as,
    name: 'as without the container',
    answer: asError(404, 'ContainerNotFound', 'The container does not exist.'),
    code: 'not-found',
    message: /^container 'container' of 'as:\/\/account\/container\/models' does not exist/,
  },
  {
    ...as,
    name: 'as without a key, where the account is not public',
    answer: asError(
      409,
      'PublicAccessNotPermitted',
      'Public access is not permitted on this storage account.',
    ),
    env: (host) => ({ AZURE_STORAGE_SERVICE_ENDPOINT: `http://${host}/account` }),
    code: 'invalid-argument',
    message: /was refused \(PublicAccessNotPermitted: /,
  },
];

for (const { name, answer, url, env, code, message } of cases) {
  test(`${name} is refused with what mends it and no secret`, () =>
    withStubStore(answer, async ({ host }) => {
      const { log, lines } = memoryLog();
      await assert.rejects(openStorage(url(host), { env: env(host), log }), (error: Error) => {
        assert.equal((error as { code?: unknown }).code, code, error.message);
        assert.match(error.message, message);
        for (const text of [error.message, ...lines]) assert.doesNotMatch(text, /hush-hush|HUSH/);
        assert.equal(error.cause, undefined);
        return true;
      });
    }));
}

const page: StubAnswer = {
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body:
    '<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>models/m/1/x</Key>' +
    '<Size>3</Size><ETag>"1"</ETag></Contents></ListBucketResult>',
};

/** How a server was asked to list the bucket with these variables. */
async function askedWith(env: Environment): Promise<{ requests: StubStore['requests']; lines: string[] }> {
  const { log, lines } = memoryLog();
  const asked: StubStore['requests'] = [];
  await withStubStore(page, async ({ host, requests }) => {
    (await openStorage(`s3://${host}/bucket/models`, { env, log })).close();
    asked.push(...requests);
  });
  return { requests: asked, lines };
}

test('s3 requests are signed with the keys, the token and the region of the environment', async () => {
  const env = { ...keys, AWS_SESSION_TOKEN: 'token', AWS_DEFAULT_REGION: 'eu-west-7' };
  const { requests } = await askedWith(env);
  const [{ url, headers } = assert.fail()] = requests;
  assert.match(url, /^\/bucket\/\?.*prefix=models%2F/);
  assert.match(headers.authorization ?? '', /Credential=AKIAHUSHHUSH\/\d+\/eu-west-7\/s3\//);
  assert.equal(headers['x-amz-security-token'], 'token');
});

test('s3 requests without a region are for us-east-1', async () => {
  const { requests } = await askedWith(keys);
  assert.match(requests[0]?.headers.authorization ?? '', /\/us-east-1\/s3\//);
});

test('s3 requests without any credentials are anonymous, and the log says so', async () => {
  const { requests, lines } = await askedWith({});
  assert.equal(requests[0]?.headers.authorization, undefined);
  assert.match(lines.join('\n'), /no AWS credentials were found: requests to 's3:\/\/.*' are anonymous/);
});

test('a profile gives the keys and the region, unless the environment has keys', () =>
  withFolder(async (folder) => {
    const files = { AWS_SHARED_CREDENTIALS_FILE: 'credentials', AWS_CONFIG_FILE: 'config' };
    const texts = {
      credentials: '[team]\naws_access_key_id = AKIATEAM\naws_secret_access_key = hush-hush\n',
      config: '[profile team]\nregion = eu-west-9\n',
    };
    for (const [name, text] of Object.entries(texts)) await writeFile(path.join(folder, name), text);
    const before = Object.keys(files).map((name) => [name, process.env[name]] as const);
    for (const [name, file] of Object.entries(files)) process.env[name] = path.join(folder, file);
    try {
      const ofProfile = await askedWith({ AWS_PROFILE: 'team' });
      assert.match(ofProfile.requests[0]?.headers.authorization ?? '', /=AKIATEAM\/\d+\/eu-west-9\/s3\//);
      const ofKeys = await askedWith({ ...keys, AWS_PROFILE: 'team' });
      assert.match(ofKeys.requests[0]?.headers.authorization ?? '', /=AKIAHUSHHUSH\//);
    } finally {
      for (const [name, value] of before) process.env[name] = value;
    }
  }));

test('a profile that is not there is an error and not anonymous', async () => {
  await assert.rejects(askedWith({ AWS_PROFILE: 'nobody' }), {
    code: 'invalid-argument',
    message:
      /^the credentials for 's3:\/\/.*' cannot be read \(CredentialsProviderError: .*\)\. Check AWS_ACCESS_KEY_ID/,
  });
});

test('gs requests go to the JSON interface of the emulator, also where the process has the variable', () =>
  withStubStore(
    { status: 200, body: '{"items":[]}', headers: { 'content-type': 'application/json' } },
    async (stub) => {
      const { log } = memoryLog();
      for (const host of [stub.host, `http://${stub.host}`, `http://${stub.host}/`]) {
        process.env['STORAGE_EMULATOR_HOST'] = host;
        try {
          await openStorage('gs://bucket', { env: process.env, log });
        } finally {
          Reflect.deleteProperty(process.env, 'STORAGE_EMULATOR_HOST');
        }
      }
      const paths = stub.requests.map(({ url }) => url.replace(/\?.*/, ''));
      assert.deepEqual(
        paths,
        Array.from({ length: 3 }, () => '/storage/v1/b/bucket/o'),
      );
      assert.equal(stub.requests[0]?.headers.authorization, undefined);
    },
  ));

test('as requests take the key and the endpoint of a connection string for the same account', () =>
  withStubStore(
    {
      status: 200,
      headers: { 'content-type': 'application/xml' },
      body: '<?xml version="1.0"?><EnumerationResults><Blobs/><NextMarker/></EnumerationResults>',
    },
    async (stub) => {
      const { log, lines } = memoryLog();
      const connection = (account: string): string =>
        `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${asKey};` +
        `BlobEndpoint=http://${stub.host}/${account}`;
      await openStorage('as://mine/container', {
        env: { AZURE_STORAGE_CONNECTION_STRING: connection('mine') },
        log,
      });
      assert.match(stub.requests[0]?.headers.authorization ?? '', /^SharedKey mine:/);
      assert.match(stub.requests[0]?.url ?? '', /^\/mine\/container\?/);
      await openStorage('as://other/container', {
        env: {
          AZURE_STORAGE_CONNECTION_STRING: connection('mine'),
          AZURE_STORAGE_SERVICE_ENDPOINT: `http://${stub.host}/other`,
        },
        log,
      });
      assert.equal(stub.requests[1]?.headers.authorization, undefined);
      assert.match(
        lines.join('\n'),
        /no Azure credentials were found: requests to 'as:\/\/other\/container' are anonymous/,
      );
    },
  ));

test('s3://https:// speaks TLS, and says of a certificate that is not trusted what mends it', async () => {
  const { server } = await makeCertificates();
  const { log } = memoryLog();
  const use = async ({ host, requests }: StubStore): Promise<void> => {
    const url = `s3://https://${host}/bucket/models`;
    await assert.rejects(openStorage(url, { env: keys, log }), {
      code: 'invalid-argument',
      message:
        /^the certificate of the server of 's3:\/\/https:.*' is not trusted \(.*\)\. NODE_EXTRA_CA_CERTS may name/,
    });
    assert.equal(requests.length, 0);
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      (await openStorage(url, { env: keys, log })).close();
    } finally {
      Reflect.deleteProperty(process.env, 'NODE_TLS_REJECT_UNAUTHORIZED');
    }
    assert.equal(requests.length, 1);
  };
  await withStubStore(page, use, server);
});
