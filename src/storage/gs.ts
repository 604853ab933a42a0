import { access } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Storage as Client, StorageOptions } from '@google-cloud/storage';
import { invalidArgument } from '../inference/error.js';
import { cloudStorage, type Bucket, type CloudOptions } from './cloud.js';
import type { GsCredential } from './credentials.js';
import { connectionFailure, type FailureKind, type ThrownParts } from './failure.js';
import { loadSdk } from './sdk.js';
import type { Storage } from './storage.js';
import type { StoragePlace } from './storage-url.js';

/** Google's own endpoint, written so that the SDK takes it for another one: those get no credentials. */
const anonymousEndpoint = 'https://storage.googleapis.com/';

/** A repository in a bucket of Google Cloud Storage. */
export async function openGs(
  place: Extract<StoragePlace, { kind: 'gs' }>,
  credential: GsCredential,
  options: CloudOptions,
): Promise<Storage> {
  const sdk = await loadSdk('@google-cloud/storage', 'gs', () => import('@google-cloud/storage'));
  await checkKeyFile(credential.keyFile);
  const client = await createClient((settings) => new sdk.Storage(settings), credential, options);
  return cloudStorage(
    {
      kind: 'gs',
      folder: place.folder,
      bucket: bucketOf(client, place.bucket),
      words: {
        bucket: `bucket '${place.bucket}'`,
        credentials:
          'the file that GOOGLE_APPLICATION_CREDENTIALS names, or the one in the file of TRITON_CLOUD_CREDENTIAL_PATH',
        secrets: [],
      },
    },
    options,
  );
}

function bucketOf(client: Client, name: string): Bucket {
  const bucket = client.bucket(name);
  return {
    async *list(prefix, signal) {
      let pageToken: string | undefined;
      do {
        signal.throwIfAborted();
        const query = { prefix, autoPaginate: false, ...(pageToken === undefined ? {} : { pageToken }) };
        const [page, next] = await untilAborted(bucket.getFiles(query), signal);
        for (const { name: key, metadata } of page) {
          const stamp = String(metadata.generation ?? '');
          const unpacked = metadata.contentEncoding === 'gzip';
          yield { key, sizeBytes: Number(metadata.size ?? 0), stamp, unpacked };
        }
        pageToken = (next as { pageToken?: string } | undefined)?.pageToken;
      } while (pageToken !== undefined);
    },
    async read(key, stamp, signal) {
      signal.throwIfAborted();
      const content = bucket.file(key, { generation: stamp }).createReadStream();
      try {
        await untilAborted(hasBegun(content), signal);
      } catch (error) {
        content.destroy();
        throw error;
      }
      return content;
    },
    kindOf,
    close: () => {},
  };
}

/** The SDK would name the file and nothing else. */
async function checkKeyFile(file: string): Promise<void> {
  if (file === '') return;
  try {
    await access(file);
  } catch {
    throw invalidArgument(
      `credentials file '${file}' cannot be read. Check GOOGLE_APPLICATION_CREDENTIALS, ` +
        'or the gs entries in the file of TRITON_CLOUD_CREDENTIAL_PATH',
    );
  }
}

/** A key file, else what Google's libraries find on this machine, else nothing, which public buckets take. */
async function createClient(
  make: (settings: StorageOptions) => Client,
  { keyFile }: GsCredential,
  { env, url, log }: CloudOptions,
): Promise<Client> {
  const emulator = env['STORAGE_EMULATOR_HOST'];
  if (emulator !== undefined && emulator !== '') {
    const endpoint = (/^https?:\/\//.test(emulator) ? emulator : `http://${emulator}`).replace(/\/+$/, '');
    const client = make({ apiEndpoint: endpoint });
    // Where the variable is in the process's own environment, the SDK takes it for more than a host.
    client.baseUrl = `${endpoint}/storage/v1`;
    return client;
  }
  if (keyFile !== '') return make({ keyFilename: keyFile });
  const client = make({});
  try {
    await client.authClient.getClient();
    return client;
  } catch {
    log.info(`no Google credentials were found: requests to '${url}' are anonymous`);
    return make({ apiEndpoint: anonymousEndpoint });
  }
}

/** Resolves when the first byte, or the end, is there. */
function hasBegun(content: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    content.once('readable', resolve).once('end', resolve).once('error', reject);
  });
}

/** This SDK knows no signals: what it does goes on unheard. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason as Error);
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

function kindOf(parts: ThrownParts, during: 'list' | 'read'): FailureKind {
  const { status, message } = parts;
  if (status === 404) return during === 'list' ? 'no-bucket' : 'changed';
  if (status === 412) return 'changed';
  if (status === 401 || status === 403 || /invalid_grant|invalid_client/.test(message)) return 'refused';
  if (/default credentials|private_key|client_email|DECODER|PEM|JSON/.test(message)) return 'no-credentials';
  return connectionFailure(parts);
}
