import { readRegionSync } from '../inference/region-io.js';
import type { RegionRead } from './messages.js';

/**
 * Reads what lies in clients' shared memory into a slot: the one copy of it, made by the instance's thread, so that
 * the event loop has no part in it. Throws when an object was cut off, which fails the run.
 */
export function readRegions(slot: ArrayBufferLike, reads: readonly RegionRead[]): void {
  for (const read of reads) readRegionSync(read, new Uint8Array(slot, read.offset, read.byteLength));
}
