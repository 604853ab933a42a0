import type { Readable } from 'node:stream';
import PQueue from 'p-queue';

/** One file or folder that lies in a storage. */
export interface StoredFile {
  /** Relative to the root of the storage, with `/` between names; that of a folder ends in `/`. */
  readonly path: string;
  /** 0 for a folder. */
  readonly sizeBytes: number;
  /** A text that differs when the content does: an etag, a generation, times of a local file. */
  readonly stamp: string;
  /** Whether what is read is an unpacked form, whose size is not known before. */
  readonly unpacked?: boolean;
}

export type StorageKind = 'local' | 's3' | 'gs' | 'as';

/**
 * A folder of models, wherever it lies. Whatever fails is an InferenceError that says what failed, where and
 * what mends it, and holds no secret.
 */
export interface Storage {
  readonly kind: StorageKind;
  /** Where it lies, for the log and for errors. */
  readonly url: string;
  /** The folder on this machine whose sub-folders are the models, or undefined where they must be fetched. */
  readonly localFolder: string | undefined;
  /** The folder in which the copies of models are made. */
  readonly downloadFolder: string;
  /** Bounds the files that are fetched at once. */
  readonly transfers: PQueue;
  /**
   * Everything beneath a folder at any depth, `''` for all, and the folder itself where the storage has such an
   * entry: in the order of paths, whose form is not checked. Nothing where there is no such folder.
   */
  list(folder: string, signal?: AbortSignal): Promise<StoredFile[]>;
  /** The content of a file as it was when it was listed; fails where it is another one meanwhile. */
  read(file: StoredFile, signal: AbortSignal): Promise<Readable>;
  /** Closes connections; nothing is read afterwards. */
  close(): void;
}

/** What a storage is opened with: normally `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** More files at once make a download of one model no faster, and each costs buffers. */
const transfersMax = 8;

/** The queue that a storage's downloads share. */
export function createTransfers(): PQueue {
  return new PQueue({ concurrency: transfersMax });
}

/** Orders by code unit, as object stores do by byte, whatever the locale. */
export function byPath(a: StoredFile, b: StoredFile): number {
  return a.path < b.path ? -1 : Number(a.path > b.path);
}
