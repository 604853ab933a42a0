import { S3 } from '@aws-sdk/client-s3';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { Storage as GoogleStorage } from '@google-cloud/storage';
import type { Environment } from '../../../src/storage/storage.js';
import { freePort, startAzurite, startFakeGcs, startMoto } from './servers.js';

/** One kind of cloud storage with a running server, filled by the vendor's own client. */
export interface Cloud {
  /** The URL of a folder in a bucket that is there. */
  url(folder: string): string;
  readonly env: Environment;
  put(key: string, content: string | Buffer): Promise<unknown>;
  /** With `Content-Encoding: gzip`, where the store unpacks such objects. */
  putPacked?(key: string, content: string): Promise<unknown>;
  remove(key: string): Promise<unknown>;
  readonly noBucketUrl: string;
  /** What reaches nobody. */
  unreachable(): Promise<{ url: string; env: Environment }>;
  stop(): Promise<void>;
}

const bucket = 'nereid-models';

export async function startS3(): Promise<Cloud> {
  const { endpoint, stop } = await startMoto();
  const keys = { accessKeyId: 'testing', secretAccessKey: 'hush-hush' };
  const client = new S3({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: keys });
  await client.createBucket({ Bucket: bucket });
  const host = endpoint.replace('http://', '');
  const env = {
    AWS_ACCESS_KEY_ID: 'testing',
    AWS_SECRET_ACCESS_KEY: 'hush-hush',
    AWS_DEFAULT_REGION: 'us-east-1',
  };
  return {
    url: (folder) => `s3://${host}/${bucket}/${folder}`,
    env,
    put: (Key, Body) => client.putObject({ Bucket: bucket, Key, Body }),
    remove: (Key) => client.deleteObject({ Bucket: bucket, Key }),
    noBucketUrl: `s3://${endpoint}/nobody-made-this/models`,
    unreachable: async () => ({ url: `s3://127.0.0.1:${await freePort()}/${bucket}/models`, env }),
    async stop() {
      client.destroy();
      await stop();
    },
  };
}

export async function startGs(): Promise<Cloud> {
  const { endpoint, stop } = await startFakeGcs();
  const client = new GoogleStorage({ apiEndpoint: endpoint, projectId: 'nereid' });
  await client.createBucket(bucket);
  return {
    url: (folder) => `gs://${bucket}/${folder}`,
    env: { STORAGE_EMULATOR_HOST: endpoint },
    put: (key, content) => client.bucket(bucket).file(key).save(content, { resumable: false }),
    putPacked: (key, content) =>
      client.bucket(bucket).file(key).save(content, { resumable: false, gzip: true }),
    remove: (key) => client.bucket(bucket).file(key).delete(),
    noBucketUrl: 'gs://nobody-made-this/models',
    unreachable: async () => ({
      url: `gs://${bucket}/models`,
      env: { STORAGE_EMULATOR_HOST: `http://127.0.0.1:${await freePort()}` },
    }),
    stop,
  };
}

/** The account that every Azurite has, and its key, which Microsoft's documentation prints. */
const account = 'devstoreaccount1';
const accountKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

export async function startAs(): Promise<Cloud> {
  const { endpoint, stop } = await startAzurite();
  const service = `${endpoint}/${account}`;
  const client = new BlobServiceClient(service, new StorageSharedKeyCredential(account, accountKey));
  const container = client.getContainerClient(bucket);
  await container.create();
  const env = { AZURE_STORAGE_ACCOUNT: account, AZURE_STORAGE_KEY: accountKey };
  return {
    url: (folder) => `as://${account}/${bucket}/${folder}`,
    env: { ...env, AZURE_STORAGE_SERVICE_ENDPOINT: service },
    put: (key, content) => container.getBlockBlobClient(key).upload(content, Buffer.byteLength(content)),
    remove: (key) => container.getBlobClient(key).delete(),
    noBucketUrl: `as://${account}/nobody-made-this/models`,
    unreachable: async () => ({
      url: `as://${account}/${bucket}/models`,
      env: { ...env, AZURE_STORAGE_SERVICE_ENDPOINT: `http://127.0.0.1:${await freePort()}/${account}` },
    }),
    stop,
  };
}
