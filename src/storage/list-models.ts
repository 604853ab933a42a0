import { createHash } from 'node:crypto';
import { unsafeReason } from './object-path.js';
import type { Storage, StoredFile } from './storage.js';

/** One model folder of a storage. */
export interface StoredModel {
  readonly name: string;
  /** All that lies in it, with paths relative to the storage. */
  readonly files: readonly StoredFile[];
  readonly sizeBytes: number;
  /** A text that differs when anything in the folder was added, changed or removed. */
  readonly stamp: string;
}

export interface ModelListing {
  /** In the order of names. */
  readonly models: readonly StoredModel[];
  /** What looks like a model and cannot be a folder here, in words. */
  readonly refused: readonly string[];
}

/** The models of a storage: every first name that has something beneath it, as every folder is one locally. */
export async function listModels(storage: Storage, signal?: AbortSignal): Promise<ModelListing> {
  return groupModels(await storage.list('', signal));
}

/** Sorts what lies in a storage into models; files beside the model folders are passed over. */
export function groupModels(files: readonly StoredFile[]): ModelListing {
  const byName = new Map<string, StoredFile[]>();
  const refused = new Map<string, string>();
  for (const file of files) {
    const end = file.path.indexOf('/');
    if (end < 0) continue;
    const name = file.path.slice(0, end);
    const reason = unsafeReason(name);
    if (reason !== undefined) refused.set(name, `object '${file.path}' is in no model's folder: ${reason}`);
    else if (byName.get(name)?.push(file) === undefined) byName.set(name, [file]);
  }
  const models = [...byName].map(([name, files]) => ({
    name,
    files,
    sizeBytes: sumBytes(files),
    stamp: stampOf(files),
  }));
  models.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { models, refused: [...refused.values()] };
}

/** One text for the state of all these files: names, sizes and stamps. */
export function stampOf(files: readonly StoredFile[]): string {
  const hash = createHash('sha256');
  for (const line of files
    .map(({ path, sizeBytes, stamp }) => JSON.stringify([path, sizeBytes, stamp]))
    .sort()) {
    hash.update(line);
  }
  return hash.digest('base64url');
}

export function sumBytes(files: readonly StoredFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
