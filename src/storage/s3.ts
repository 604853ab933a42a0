import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { cloudStorage, type Bucket, type CloudOptions } from './cloud.js';
import type { S3Credential } from './credentials.js';
import { connectionFailure, type FailureKind, type ThrownParts } from './failure.js';
import { createS3Client } from './s3-client.js';
import { loadSdk } from './sdk.js';
import type { Storage } from './storage.js';
import type { StoragePlace } from './storage-url.js';

type Sdk = typeof import('@aws-sdk/client-s3');

/** A repository in a bucket of Amazon S3, or of a server that speaks its protocol. */
export async function openS3(
  place: Extract<StoragePlace, { kind: 's3' }>,
  credential: S3Credential,
  options: CloudOptions,
): Promise<Storage> {
  const sdk = await loadSdk('@aws-sdk/client-s3', 's3', () => import('@aws-sdk/client-s3'));
  const client = await createS3Client(sdk, credential, place.endpoint, options);
  return cloudStorage(
    {
      kind: 's3',
      folder: place.folder,
      bucket: bucketOf(sdk, client, place.bucket),
      words: {
        bucket: `bucket '${place.bucket}'`,
        credentials:
          'AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE and AWS_DEFAULT_REGION, ' +
          'or the file of TRITON_CLOUD_CREDENTIAL_PATH',
        secrets: [credential.secretKey, credential.sessionToken, credential.keyId],
      },
    },
    options,
  );
}

function bucketOf(sdk: Sdk, client: S3Client, name: string): Bucket {
  return {
    async *list(prefix, signal) {
      let token: string | undefined;
      do {
        const command = new sdk.ListObjectsV2Command({
          Bucket: name,
          Prefix: prefix,
          ContinuationToken: token,
        });
        const page = await client.send(command, { abortSignal: signal });
        for (const { Key: key = '', Size: sizeBytes = 0, ETag: stamp = '' } of page.Contents ?? []) {
          yield { key, sizeBytes, stamp };
        }
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
    },
    async read(key, stamp, signal) {
      const command = new sdk.GetObjectCommand({ Bucket: name, Key: key, IfMatch: stamp });
      const { Body } = await client.send(command, { abortSignal: signal });
      return Body instanceof Readable ? Body : Readable.from([]);
    },
    kindOf,
    close: () => client.destroy(),
  };
}

const refused = new Set([
  'AccessDenied',
  'AllAccessDisabled',
  'ExpiredToken',
  'Forbidden',
  'InvalidAccessKeyId',
  'InvalidToken',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
]);

function kindOf(parts: ThrownParts): FailureKind {
  const { name, status } = parts;
  if (name === 'NoSuchBucket' || name === 'InvalidBucketName') return 'no-bucket';
  if (name === 'NoSuchKey' || name === 'PreconditionFailed' || status === 412) return 'changed';
  if (refused.has(name) || status === 401 || status === 403) return 'refused';
  if (name === 'CredentialsProviderError') return 'no-credentials';
  return connectionFailure(parts);
}
