import { close, closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { InferenceError, invalidArgument } from '../inference/error.js';

/** Where Linux keeps what shm_open makes: a key is the name of a file there. */
export const sharedMemoryFolder = '/dev/shm';

const reservedPrefix = 'triton_python_backend_shm_region_';

/** What a client wants to register. */
export interface RegionPart {
  readonly name: string;
  readonly key: string;
  readonly offset: bigint;
  readonly byteSize: bigint;
}

/** Refuses keys that can name no object of a client. */
export function checkKey({ name, key }: RegionPart): void {
  const file = withoutSlashes(key);
  if (file === '') {
    throw invalidArgument(`cannot register shared memory region '${name}' - invalid shm key '${key}'`);
  }
  if (file.startsWith(reservedPrefix)) {
    throw invalidArgument(
      `cannot register shared memory region '${name}' with key '${key}' as the key contains the reserved prefix '${reservedPrefix}'`,
    );
  }
}

/**
 * Opens the object that holds a region, as shm_open does: it must be there, and neither its key nor a link leads out
 * of the folder. It is opened on this thread, for that is the work of microseconds, and names are taken in one go.
 */
export function openObject(part: RegionPart): number {
  const file = withoutSlashes(part.key);
  let fd: number;
  try {
    if (file.includes('/')) throw new Error('a key has no slashes inside');
    fd = openSync(path.join(sharedMemoryFolder, file), openFlags);
  } catch (cause) {
    throw new InferenceError('internal', `Unable to open shared memory region: '${part.key}'`, { cause });
  }
  try {
    checkSize(part, fstatSync(fd));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Not on this thread: behind the last who has it open, an object's memory is given back, which takes its time. */
export const closeObject = promisify(close);

const openFlags = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function checkSize({ name, key, offset, byteSize }: RegionPart, stats: Stats): void {
  // A pipe or a device may lie there, too.
  if (!stats.isFile()) {
    throw new InferenceError('internal', `Invalid shared memory region: '${key}'`);
  }
  if (offset + byteSize > BigInt(Math.min(stats.size, Number.MAX_SAFE_INTEGER))) {
    throw invalidArgument(`failed to register shared memory region '${name}': invalid args`);
  }
  if (byteSize === 0n) {
    throw invalidArgument(
      `failed to register shared memory region '${name}': unable to process address space: byte_size is 0`,
    );
  }
}

function withoutSlashes(key: string): string {
  return key.replace(/^\/+/, '');
}
