import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Log } from '../telemetry/log.js';

/** What lies in a repository: pure description, nothing of it has been read into. */
export interface ModelLayout {
  readonly name: string;
  readonly folder: string;
  readonly versions: readonly number[];
  /** Whether the first version folder holds `model.onnx`, as a file or a folder. */
  readonly hasOnnxFile: boolean;
  /** What the first version folder holds. */
  readonly versionEntries?: readonly string[];
}

/** Folders of a model that are never versions. */
export const notVersions = new Set(['warmup', 'initial_state', 'configs']);

export async function isFolder(place: string): Promise<boolean> {
  try {
    return (await stat(place)).isDirectory();
  } catch {
    return false;
  }
}

/** The names of a repository's models: every sub-folder is one; symbolic links are followed, plain files are passed over. */
export async function listModelFolders(repository: string): Promise<string[]> {
  return subfolders(repository, await readdir(repository));
}

/** What a model's folder holds. The model's name is that of the folder, unless it is told. */
export async function readModel(
  folder: string,
  log: Log,
  name = path.basename(folder),
): Promise<ModelLayout> {
  const names = await subfolders(folder, await readNames(folder));
  const versions = names.flatMap((name) => parseVersionFolder(name, { folder, log }) ?? []);
  const [first] = versions;
  const inside = first === undefined ? [] : await readNames(path.join(folder, String(first)));
  return {
    name,
    folder,
    versions,
    hasOnnxFile: inside.includes('model.onnx'),
    versionEntries: inside,
  };
}

/** What lies in a folder; nothing in one that may not be read, which its model's config then says. */
export function readNames(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** Those of the names that are folders, in order. */
export async function subfolders(place: string, names: readonly string[]): Promise<string[]> {
  const folders = await Promise.all(names.map((name) => isFolder(path.join(place, name))));
  return names.filter((_, i) => folders[i] === true).sort((a, b) => (a < b ? -1 : 1));
}

/** Whether a folder of this name, in a model's folder, is a version of it. */
export function isVersionName(name: string): boolean {
  return /^(0|[1-9]\d*)$/.test(name) && Number.isSafeInteger(Number(name));
}

function parseVersionFolder(name: string, { folder, log }: { folder: string; log: Log }): number | undefined {
  const reason = whyNoVersion(name);
  if (reason !== undefined) log.warning(`${reason} (in '${folder}')`);
  return isVersionName(name) ? Number(name) : undefined;
}

/** Triton's words for a folder that lies where versions do and is none; undefined where nothing is to be said. */
export function whyNoVersion(name: string): string | undefined {
  if (notVersions.has(name) || isVersionName(name)) return undefined;
  const reason = /^0.+/.test(name)
    ? 'contains leading zeros in its directory name'
    : 'fails to convert to integral number';
  return `ignore version directory '${name}' which ${reason}`;
}
