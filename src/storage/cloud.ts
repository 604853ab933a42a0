import type { Readable } from 'node:stream';
import {
  cancelled,
  partsOf,
  reasonOf,
  storageError,
  type FailureKind,
  type FailureWords,
  type ThrownParts,
} from './failure.js';
import {
  byPath,
  createTransfers,
  type Environment,
  type Storage,
  type StorageKind,
  type StoredFile,
} from './storage.js';
import type { Log } from '../telemetry/log.js';

/** What every kind of cloud storage is made from. */
export interface CloudOptions {
  /** As it is shown. */
  readonly url: string;
  readonly downloadFolder: string;
  readonly env: Environment;
  readonly log: Log;
}

/** One object as its store lists it, by its whole name. */
export type ListedObject = Omit<StoredFile, 'path'> & { readonly key: string };

/** What a vendor's SDK is asked for; whatever it throws is turned into an error for people by `Cloud`. */
export interface Bucket {
  /** The objects whose names begin with a text. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<ListedObject>;
  /** The content of an object, if its stamp is still this one; rejects where the store refuses. */
  read(key: string, stamp: string, signal: AbortSignal): Promise<Readable>;
  kindOf(failure: ThrownParts, during: 'list' | 'read'): FailureKind;
  close(): void;
}

/** A repository beneath a folder of a bucket. */
export interface Cloud {
  readonly kind: Exclude<StorageKind, 'local'>;
  readonly bucket: Bucket;
  readonly folder: string;
  readonly words: Omit<FailureWords, 'url'>;
}

const neverAborted = new AbortController().signal;

/** A bucket as the storage of a repository. */
export function cloudStorage({ kind, bucket, folder, words }: Cloud, options: CloudOptions): Storage {
  const root = folder === '' ? '' : `${folder}/`;
  const toError = (thrown: unknown, during: 'list' | 'read', { aborted }: AbortSignal): Error => {
    if (aborted) return cancelled(`reading '${options.url}'`);
    const parts = partsOf(thrown);
    return storageError(bucket.kindOf(parts, during), reasonOf(parts), { ...words, url: options.url });
  };
  return {
    kind,
    url: options.url,
    localFolder: undefined,
    downloadFolder: options.downloadFolder,
    transfers: createTransfers(),
    async list(inside, signal = neverAborted) {
      const files: StoredFile[] = [];
      try {
        for await (const { key, ...file } of bucket.list(
          inside === '' ? root : `${root}${inside}/`,
          signal,
        )) {
          const path = key.slice(root.length);
          // An object may stand for a folder, even for that of the repository itself.
          const sizeBytes = path.endsWith('/') ? 0 : file.sizeBytes;
          if (path !== '') files.push({ ...file, path, sizeBytes });
        }
      } catch (thrown) {
        throw toError(thrown, 'list', signal);
      }
      return files.sort(byPath);
    },
    async read(file, signal) {
      try {
        return await bucket.read(root + file.path, file.stamp, signal);
      } catch (thrown) {
        throw toError(thrown, 'read', signal);
      }
    },
    close: () => bucket.close(),
  };
}
