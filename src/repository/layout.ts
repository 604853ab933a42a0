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
}

/** Folders of a model that are never versions. */
const notVersions = new Set(['warmup', 'initial_state', 'configs']);

export async function isFolder(place: string): Promise<boolean> {
  try {
    return (await stat(place)).isDirectory();
  } catch {
    return false;
  }
}

/** Every sub-folder is a model; symbolic links are followed, plain files are passed over. */
export async function readRepository(repository: string, log: Log): Promise<ModelLayout[]> {
  const names = await subfolders(repository);
  return Promise.all(names.map((name) => readModel(path.join(repository, name), log)));
}

async function readModel(folder: string, log: Log): Promise<ModelLayout> {
  const names = await subfolders(folder);
  const versions = names.flatMap((name) => parseVersionFolder(name, log) ?? []);
  const [first] = names;
  const inside = first === undefined ? [] : await readdir(path.join(folder, first));
  return { name: path.basename(folder), folder, versions, hasOnnxFile: inside.includes('model.onnx') };
}

async function subfolders(place: string): Promise<string[]> {
  const names = (await readdir(place)).sort();
  const folders = await Promise.all(names.map((name) => isFolder(path.join(place, name))));
  return names.filter((_, i) => folders[i] === true);
}

function parseVersionFolder(name: string, log: Log): number | undefined {
  if (notVersions.has(name)) return undefined;
  if (/^0.+/.test(name)) {
    log.warning(`ignore version directory '${name}' which contains leading zeros in its directory name`);
    return undefined;
  }
  const version = /^\d+$/.test(name) ? Number(name) : Number.NaN;
  if (Number.isSafeInteger(version)) return version;
  log.warning(`ignore version directory '${name}' which fails to convert to integral number`);
  return undefined;
}
