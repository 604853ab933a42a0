import { createReadStream, type BigIntStats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { invalidArgument } from '../inference/error.js';
import { byPath, createTransfers, type Storage, type StoredFile } from './storage.js';

/** A repository on this machine: nothing is copied. */
export function openLocal(folder: string): Storage {
  return {
    kind: 'local',
    url: folder,
    localFolder: folder,
    downloadFolder: folder,
    transfers: createTransfers(),
    async list(inside, signal) {
      const files = await walk(folder, inside === '' ? '' : `${inside}/`, { trail: [], signal });
      if (files !== undefined) return files.sort(byPath);
      if (inside !== '') return [];
      throw invalidArgument(`repository path is not a valid directory: '${folder}'`);
    },
    async read(file) {
      return createReadStream(path.join(folder, file.path));
    },
    close: () => {},
  };
}

interface Walk {
  /** The folders from the first down to this one, which a symbolic link must not lead back to. */
  readonly trail: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/**
 * A folder, if it is one, and all beneath it; what goes while it is looked at, or is a link to nothing or to a
 * folder around it, is not there. `inside` ends in a slash, or is empty for the root.
 */
async function walk(
  root: string,
  inside: string,
  { trail, signal }: Walk,
): Promise<StoredFile[] | undefined> {
  signal?.throwIfAborted();
  const place = path.join(root, inside);
  const status = await look(place);
  const real = await realpath(place).catch(() => undefined);
  if (status?.isDirectory() !== true || real === undefined || trail.includes(real)) return undefined;
  const own = inside === '' ? [] : [{ path: inside, sizeBytes: 0, stamp: stampOfStatus(status) }];
  const names = await readdir(place).catch(() => []);
  const found = await Promise.all(
    names.map(async (name): Promise<StoredFile[]> => {
      const within = inside + name;
      const status = await look(path.join(root, within));
      if (status === undefined) return [];
      if (status.isDirectory()) {
        return (await walk(root, `${within}/`, { trail: [...trail, real], signal })) ?? [];
      }
      return [{ path: within, sizeBytes: Number(status.size), stamp: stampOfStatus(status) }];
    }),
  );
  return [...own, ...found.flat()];
}

function look(place: string): Promise<BigIntStats | undefined> {
  return stat(place, { bigint: true }).catch(() => undefined);
}

/** As in Triton both times count: a file that is copied with its old time is noticed. */
function stampOfStatus({ mtimeNs, ctimeNs }: BigIntStats): string {
  return `${mtimeNs}/${ctimeNs}`;
}
