import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { isVersionName } from './layout.js';

/** A file of a model, or an empty folder: where it lies in the model's folder, and what changes when it changes. */
export interface StampedFile {
  /** With `/` between its parts. */
  readonly path: string;
  readonly stamp: string;
}

/** What tells whether a model has changed since it was looked at, and which part of it. */
export interface ModelStamps {
  readonly config: string;
  readonly versions: ReadonlyMap<number, string>;
  /** Files that belong to no version and are not the config: labels, warm-up data. */
  readonly others: string;
}

/** Deeper folders are not looked into: a link may lead back up. */
const depthMost = 16;

/** Every file of a folder with the time of its latest change; links are followed. */
export async function readStampedFiles(folder: string): Promise<StampedFile[]> {
  const files: StampedFile[] = [];
  await walk(folder, '', { files, depth: 0 });
  return files;
}

async function walk(
  folder: string,
  inside: string,
  { files, depth }: { files: StampedFile[]; depth: number },
): Promise<void> {
  const names = await readdir(path.join(folder, inside)).catch(() => []);
  if (names.length === 0) files.push({ path: inside, stamp: 'empty' });
  for (const name of names) {
    const place = inside === '' ? name : `${inside}/${name}`;
    // What has gone since the folder was read is not there.
    const found = await stat(path.join(folder, place), { bigint: true }).catch(() => undefined);
    if (found === undefined) continue;
    if (found.isDirectory()) {
      if (depth < depthMost) await walk(folder, place, { files, depth: depth + 1 });
    } else {
      // A copy that keeps an older time is noticed by the time at which its entry was made.
      const changedNs = found.mtimeNs > found.ctimeNs ? found.mtimeNs : found.ctimeNs;
      files.push({ path: place, stamp: `${changedNs} ${found.size}` });
    }
  }
}

/** The stamps of a model, from those of its files. */
export function toModelStamps(files: readonly StampedFile[]): ModelStamps {
  const parts = new Map<string, StampedFile[]>();
  for (const file of files) {
    const part = partOf(file.path);
    const found = parts.get(part);
    if (found === undefined) parts.set(part, [file]);
    else found.push(file);
  }
  const versions = new Map<number, string>();
  for (const [part, found] of parts) {
    if (part !== configPart && part !== otherPart) versions.set(Number(part), digest(found));
  }
  return {
    config: digest(parts.get(configPart) ?? []),
    versions,
    others: digest(parts.get(otherPart) ?? []),
  };
}

const configPart = 'config';
const otherPart = 'others';

function partOf(file: string): string {
  const [first = ''] = file.split('/', 1);
  if (file === 'config.pbtxt' || first === 'configs') return configPart;
  return isVersionName(first) ? first : otherPart;
}

function digest(files: readonly StampedFile[]): string {
  const hash = createHash('sha256');
  const lines = files.map(({ path: file, stamp }) => `${file}\n${stamp}\n`).sort();
  for (const line of lines) hash.update(line);
  return hash.digest('base64');
}

/** Whether nothing at all has changed. */
export function sameStamps(a: ModelStamps, b: ModelStamps): boolean {
  return toText(a) === toText(b);
}

/** The stamps as a text, the same for the same stamps. */
export function toText({ config, versions, others }: ModelStamps): string {
  return [config, others, ...[...versions].map(([version, stamp]) => `${version} ${stamp}`).sort()].join(
    '\n',
  );
}

/** Whether what a loaded version was made from, but for the config, is as it was. */
export function sameVersionFiles(version: number, a: ModelStamps, b: ModelStamps): boolean {
  const stamp = a.versions.get(version);
  return stamp !== undefined && stamp === b.versions.get(version) && a.others === b.others;
}
