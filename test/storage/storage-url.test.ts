import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStorageUrl, showPlace, type StoragePlace } from '../../src/storage/storage-url.js';

const s3 = (bucket: string, folder: string, endpoint?: string): StoragePlace => ({
  kind: 's3',
  bucket,
  folder,
  endpoint,
});

// models.md 5.12
const right: Readonly<Record<string, StoragePlace>> = {
  '/path': { kind: 'local', folder: '/path' },
  'relative/path': { kind: 'local', folder: 'relative/path' },
  '.': { kind: 'local', folder: '.' },
  'file:///path/to%20models': { kind: 'local', folder: '/path/to models' },
  's3://bucket/path': s3('bucket', 'path'),
  's3://bucket': s3('bucket', ''),
  's3://bucket/': s3('bucket', ''),
  's3://bucket.with.dots//a///b/': s3('bucket.with.dots', 'a/b'),
  's3://host:9000/bucket/path': s3('bucket', 'path', 'http://host:9000'),
  's3://10.0.0.1:9000/bucket/a/b': s3('bucket', 'a/b', 'http://10.0.0.1:9000'),
  's3://http://host:9000/bucket/path': s3('bucket', 'path', 'http://host:9000'),
  's3://https://host:9000/bucket/path': s3('bucket', 'path', 'https://host:9000'),
  's3://https://host/bucket/path': s3('bucket', 'path', 'https://host'),
  's3://https://host:9000/bucket': s3('bucket', '', 'https://host:9000'),
  'gs://bucket/path/to/models': { kind: 'gs', bucket: 'bucket', folder: 'path/to/models' },
  'gs://bucket': { kind: 'gs', bucket: 'bucket', folder: '' },
  'as://account/container/path': { kind: 'as', account: 'account', container: 'container', folder: 'path' },
  'as://account/container': { kind: 'as', account: 'account', container: 'container', folder: '' },
  'as://account.blob.core.windows.net/container/a/b': {
    kind: 'as',
    account: 'account',
    container: 'container',
    folder: 'a/b',
  },
};

for (const [text, place] of Object.entries(right)) {
  test(`'${text}' is understood (models.md 5.12)`, () => {
    assert.deepEqual(parseStorageUrl(text), place);
  });
}

const wrong: Readonly<Record<string, RegExp>> = {
  's3://': /a bucket is missing. Expected s3:\/\/bucket\/path, s3:\/\/host:port/,
  's3://bucket/path/../x': /'\.\.' is no name of a folder/,
  's3://host:9000': /a bucket is missing/,
  's3://host:9000/': /a bucket is missing/,
  's3://host:99999/bucket': /'host:99999' is no host with a port/,
  's3://host:x/bucket': /'host:x' is no host with a port/,
  's3://https://ho st:1/bucket': /'ho st:1' is no host with a port/,
  's3://buck et/path': /'buck et' is no name of a bucket/,
  's3://bucket/a\\b': /'a\\b' is no name of a folder/,
  'gs://': /a bucket is missing. Expected gs:\/\/bucket\/path/,
  'as://account': /a container is missing. Expected as:\/\/account\/container\/path/,
  'as://': /an account is missing/,
  'gcs://bucket/path': /begins with 'gcs:\/\/'.*Did you mean 'gs:\/\/'/,
  's3a://bucket/path': /Did you mean 's3:\/\/'/,
  'S3://bucket/path': /Did you mean 's3:\/\/'/,
  'abfss://container@account/path': /Did you mean 'as:\/\/'/,
  'https://bucket/path':
    /begins with 'https:\/\/', which is none that is known. Expected a folder, file:\/\/\//,
  'file://host/path': /names no folder of this machine/,
};

for (const [text, message] of Object.entries(wrong)) {
  test(`'${text}' is refused with what was expected`, () => {
    assert.throws(() => parseStorageUrl(text), { name: 'InferenceError', code: 'invalid-argument', message });
  });
}

for (const text of [
  's3://https://me:hush-hush@host:9000/bucket/path',
  's3://me:hush-hush@host:9000/bucket',
  'as://account/container/path?sig=hush-hush',
  'gs://bucket/path#hush-hush',
]) {
  test(`secrets are neither taken from a URL nor shown: ${text.replace('hush-hush', '…')}`, () => {
    assert.throws(
      () => parseStorageUrl(text),
      ({ message }: Error) => /credentials|query/.test(message) && !message.includes('hush-hush'),
    );
  });
}

test('a place is shown as a URL that is understood the same', () => {
  for (const place of Object.values(right)) {
    if (place.kind !== 'local') assert.deepEqual(parseStorageUrl(showPlace(place)), place);
  }
});
