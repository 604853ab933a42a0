import {
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  closeSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { sharedMemoryFolder } from '../../src/server/shared-object.js';

let serial = 0;

/** An object as a client makes it with shm_open; `remove` is shm_unlink. */
export class SharedObject {
  readonly key: string;
  readonly file: string;

  constructor(content: Uint8Array | number) {
    const name = `nereid-test-${process.pid}-${serial++}`;
    this.key = `/${name}`;
    this.file = path.join(sharedMemoryFolder, name);
    writeFileSync(this.file, typeof content === 'number' ? new Uint8Array(content) : content);
  }

  read(offset: number, byteLength: number): Buffer {
    const bytes = Buffer.alloc(byteLength);
    const fd = openSync(this.file, 'r');
    try {
      readSync(fd, bytes, 0, byteLength, offset);
    } finally {
      closeSync(fd);
    }
    return bytes;
  }

  truncate(byteLength: number): void {
    truncateSync(this.file, byteLength);
  }

  /** How often this process has it open. */
  get openCount(): number {
    return openFiles().filter((target) => target.replace(/ \(deleted\)$/, '') === this.file).length;
  }

  remove(): void {
    rmSync(this.file, { force: true });
  }
}

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

/** Makes objects for a test, and removes them behind it. */
export async function withObjects<T>(
  contents: readonly (Uint8Array | number)[],
  use: (...objects: SharedObject[]) => T | Promise<T>,
): Promise<T> {
  const objects = contents.map((content) => new SharedObject(content));
  try {
    return await use(...objects);
  } finally {
    for (const object of objects) object.remove();
  }
}
