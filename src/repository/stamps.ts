import { stampOf } from '../storage/list-models.js';
import type { StoredFile } from '../storage/storage.js';
import { isVersionName } from './layout.js';

/** What tells whether a model has changed since it was looked at, and which part of it. */
export interface ModelStamps {
  readonly config: string;
  readonly versions: ReadonlyMap<number, string>;
  /** Files that belong to no version and are not the config: labels, warm-up data. */
  readonly others: string;
}

/** The stamps of a model, from those of all that lies in its folder, with paths relative to the storage. */
export function toModelStamps(name: string, files: readonly StoredFile[]): ModelStamps {
  const parts = new Map<string, StoredFile[]>();
  for (const file of files) {
    const inside = file.path.slice(name.length + 1);
    if (inside === '') continue;
    const part = partOf(inside);
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

/** A folder counts by its name only: its times change with what else comes into it. */
function digest(files: readonly StoredFile[]): string {
  return stampOf(files.map((file) => (file.path.endsWith('/') ? { ...file, stamp: '' } : file)));
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
