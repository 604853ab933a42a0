import { Readable } from 'node:stream';
import type { BlobServiceClient, ContainerClient } from '@azure/storage-blob';
import { InferenceError, invalidArgument } from '../inference/error.js';
import { cloudStorage, type Bucket, type CloudOptions } from './cloud.js';
import type { AsCredential } from './credentials.js';
import { connectionFailure, type FailureKind, type ThrownParts } from './failure.js';
import { loadSdk } from './sdk.js';
import type { Storage } from './storage.js';
import type { StoragePlace } from './storage-url.js';

type Sdk = typeof import('@azure/storage-blob');

/** The SDK's own would wait up to a minute before it says that nobody answers. */
const retries = { maxTries: 4, retryDelayInMs: 500, maxRetryDelayInMs: 4000 };

/** A repository in a container of Azure's blob storage. */
export async function openAs(
  place: Extract<StoragePlace, { kind: 'as' }>,
  credential: AsCredential,
  options: CloudOptions,
): Promise<Storage> {
  const sdk = await loadSdk('@azure/storage-blob', 'as', () => import('@azure/storage-blob'));
  const client = createClient(sdk, place.account, credential, options);
  return cloudStorage(
    {
      kind: 'as',
      folder: place.folder,
      bucket: bucketOf(client.getContainerClient(place.container)),
      words: {
        bucket: `container '${place.container}'`,
        credentials:
          'AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY, or AZURE_STORAGE_CONNECTION_STRING, ' +
          'or the file of TRITON_CLOUD_CREDENTIAL_PATH',
        secrets: [credential.key, ...secretsOf(options.env['AZURE_STORAGE_CONNECTION_STRING'] ?? '')],
      },
    },
    options,
  );
}

function bucketOf(container: ContainerClient): Bucket {
  return {
    async *list(prefix, abortSignal) {
      for await (const { name, properties } of container.listBlobsFlat({ prefix, abortSignal })) {
        yield { key: name, sizeBytes: properties.contentLength ?? 0, stamp: properties.etag };
      }
    },
    async read(key, stamp, abortSignal) {
      const options = { abortSignal, conditions: { ifMatch: stamp } };
      const { readableStreamBody } = await container.getBlobClient(key).download(0, undefined, options);
      return readableStreamBody instanceof Readable ? readableStreamBody : Readable.from([]);
    },
    kindOf,
    close: () => {},
  };
}

/** The key of the environment first, then a connection string for the same account, then no credential. */
function createClient(
  sdk: Sdk,
  accountOfUrl: string,
  { account: named, key, authType }: AsCredential,
  { env, url, log }: CloudOptions,
): BlobServiceClient {
  if (authType !== '' && authType !== 'key') {
    throw new InferenceError(
      'unsupported',
      `Azure authentication '${authType}' (AZURE_STORAGE_AUTH_TYPE, auth_type) is not supported: ` +
        "expected 'key', with AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY",
    );
  }
  const account = named || accountOfUrl;
  const endpoint = env['AZURE_STORAGE_SERVICE_ENDPOINT'] || `https://${account}.blob.core.windows.net`;
  const settings = { retryOptions: retries };
  if (key !== '') {
    checkKey(key);
    const shared = new sdk.StorageSharedKeyCredential(account, key);
    return new sdk.BlobServiceClient(endpoint, shared, settings);
  }
  const connection = env['AZURE_STORAGE_CONNECTION_STRING'] ?? '';
  if (connection !== '' && isFor(account, connection)) {
    try {
      return sdk.BlobServiceClient.fromConnectionString(connection, settings);
    } catch {
      throw invalidArgument(
        'AZURE_STORAGE_CONNECTION_STRING cannot be read. Expected DefaultEndpointsProtocol=https;' +
          'AccountName=…;AccountKey=…;BlobEndpoint=…',
      );
    }
  }
  log.info(`no Azure credentials were found: requests to '${url}' are anonymous`);
  return new sdk.BlobServiceClient(endpoint, new sdk.AnonymousCredential(), settings);
}

/** A connection string that names no account has a signature for whatever its endpoint is. */
function isFor(account: string, connection: string): boolean {
  if (/^UseDevelopmentStorage=true/i.test(connection)) return account === 'devstoreaccount1';
  const [, named] = /(?:^|;)AccountName=([^;]*)/i.exec(connection) ?? [];
  return named === undefined || named === account;
}

/** The values of a connection string that no error may show. */
function secretsOf(connection: string): string[] {
  return ['AccountKey', 'SharedAccessSignature'].flatMap((name) => {
    const [, value] = new RegExp(`(?:^|;)${name}=([^;]*)`, 'i').exec(connection) ?? [];
    return value === undefined ? [] : [value];
  });
}

function checkKey(key: string): void {
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(key) && key.length % 4 === 0) return;
  throw invalidArgument(
    'AZURE_STORAGE_KEY (account_key) is not in base64, as the keys of Azure accounts are',
  );
}

function kindOf(parts: ThrownParts): FailureKind {
  const { code, status } = parts;
  if (code === 'ContainerNotFound' || code === 'ContainerBeingDeleted') return 'no-bucket';
  if (code === 'BlobNotFound' || status === 412) return 'changed';
  // An account that is public answers so for containers that are not.
  if (status === 401 || status === 403 || code === 'ResourceNotFound') return 'refused';
  if (code === 'AccountIsDisabled' || code === 'PublicAccessNotPermitted') return 'refused';
  return connectionFailure(parts);
}
