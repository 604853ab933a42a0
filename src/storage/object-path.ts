import path from 'node:path';
import { invalidArgument } from '../inference/error.js';

/** Why an object's name may not be a path beneath a folder of this machine; undefined where it may. */
export function unsafeReason(name: string): string | undefined {
  if (name.includes('\\')) return 'it has a backslash';
  if (name.includes('\0')) return 'it has a NUL';
  if (name.startsWith('/')) return 'it begins with a slash';
  // A folder's name ends in a slash.
  const names = name.replace(/\/$/, '').split('/');
  if (names.includes('')) return 'it has an empty name between slashes';
  const stray = names.find((one) => one === '.' || one === '..');
  return stray === undefined ? undefined : `it has '${stray}' between slashes`;
}

/** Where beneath `folder` an object is written; a name that would lead elsewhere is refused. */
export function targetOf(folder: string, name: string): string {
  const reason = unsafeReason(name);
  if (reason !== undefined) {
    throw invalidArgument(
      `object '${name}' cannot be a file beneath '${folder}': ${reason}. Rename or delete the object`,
    );
  }
  return path.join(folder, ...name.split('/'));
}
