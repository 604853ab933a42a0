import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import type { S3Credential } from './credentials.js';
import type { CloudOptions } from './cloud.js';

type Sdk = typeof import('@aws-sdk/client-s3');

const connectTimeoutMs = 10_000;
const silenceTimeoutMs = 60_000;

/** What is used where nothing names a region, as in Amazon's other SDKs; servers of other makers take any. */
const defaultRegion = 'us-east-1';

/**
 * Keys first, then a profile, then whatever the SDK finds on this machine, and without any of them requests
 * that are not signed, which public buckets take.
 */
export async function createS3Client(
  { S3Client }: Sdk,
  credential: S3Credential,
  endpoint: string | undefined,
  { url, log }: CloudOptions,
): Promise<S3Client> {
  const { keyId, secretKey, sessionToken, region, profile } = credential;
  const config: S3ClientConfig = {
    forcePathStyle: true,
    // Not all servers of other makers know the newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: connectTimeoutMs, socketTimeout: silenceTimeoutMs },
    ...(region === '' ? {} : { region }),
    ...(endpoint === undefined ? { followRegionRedirects: true } : { endpoint }),
  };
  const withRegion = {
    ...config,
    region: region || (await findRegion(new S3Client({ ...config, profile }))),
  };
  if (keyId !== '' && secretKey !== '') {
    const keys = { accessKeyId: keyId, secretAccessKey: secretKey };
    const credentials = sessionToken === '' ? keys : { ...keys, sessionToken };
    return new S3Client({ ...withRegion, credentials });
  }
  if (profile !== '') return new S3Client({ ...withRegion, profile });
  const found = new S3Client(withRegion);
  if (await hasCredentials(found)) return found;
  found.destroy();
  log.info(`no AWS credentials were found: requests to '${url}' are anonymous`);
  return new S3Client({
    ...withRegion,
    credentials: { accessKeyId: '', secretAccessKey: '' },
    signer: { sign: (request) => Promise.resolve(request) },
  });
}

/** The region of the SDK's own files, if they name one. */
async function findRegion(client: S3Client): Promise<string> {
  try {
    return await client.config.region();
  } catch {
    return defaultRegion;
  } finally {
    client.destroy();
  }
}

async function hasCredentials(client: S3Client): Promise<boolean> {
  try {
    await client.config.credentials();
    return true;
  } catch {
    return false;
  }
}
