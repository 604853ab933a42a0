import { existsSync } from 'node:fs';
import type { RegionOptions } from '../server/shared-memory.js';
import { sharedMemoryFolder } from '../server/shared-object.js';
import type { FlagReader } from './flag-reader.js';

/** What was asked of shared memory. */
export function sharedMemoryFlags(read: FlagReader): RegionOptions {
  return { enabled: read.boolean('allow-client-shm'), countMax: read.integer('max-client-shm-regions') };
}

/** Where the system keeps no shared memory in a folder nothing can be registered. */
export function warnOfMissingFolder({ enabled }: RegionOptions): string[] {
  if (!enabled || existsSync(sharedMemoryFolder)) return [];
  return [
    `--allow-client-shm=true: there is no ${sharedMemoryFolder} on this system, so that no region can be registered`,
  ];
}
