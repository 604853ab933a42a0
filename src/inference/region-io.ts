import { fstatSync, read, readSync, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import type { RegionPlace } from '../tensors/region-bytes.js';
import { InferenceError, invalidArgument } from './error.js';

/**
 * Reading and writing clients' shared memory at offsets of its file. The system copies, and answers with an error
 * where the file has become too short: a mapping would end the process there (SIGBUS), at any client's wish.
 */

/** Up to here the copy is quicker than the way to a thread that makes it: some 20 us. */
const copyHereBytesMax = 256 * 1024;
/** Node takes no more in one call. */
const callBytesMax = 2 ** 30;

/** Reads a place into memory of its size. */
export function readRegionSync(place: RegionPlace, target: Uint8Array): void {
  let at = 0;
  while (at < place.byteLength) {
    const length = Math.min(place.byteLength - at, callBytesMax);
    const count = attempt('read', place, () => readSync(place.fd, target, at, length, place.position + at));
    if (count === 0) throw cutOff(place);
    at += count;
  }
}

/** Reads a place into memory of its own; only little of it on this thread. */
export async function readRegion(place: RegionPlace): Promise<Uint8Array> {
  const target = Buffer.allocUnsafeSlow(place.byteLength);
  if (place.byteLength <= copyHereBytesMax) {
    readRegionSync(place, target);
    return target;
  }
  let at = 0;
  while (at < place.byteLength) {
    const length = Math.min(place.byteLength - at, callBytesMax);
    // One behind the other: each goes on where the one before has ended.
    // oxlint-disable-next-line no-await-in-loop
    const { bytesRead } = await readLater(place.fd, target, at, length, place.position + at).catch(
      (error: unknown) => {
        throw failure('read', place, error);
      },
    );
    if (bytesRead === 0) throw cutOff(place);
    at += bytesRead;
  }
  return target;
}

/**
 * Writes to the start of a place; only little of it on this thread. The bytes are there when the promise resolves. A
 * file that was cut is not made longer, unless its owner cuts it between the look and the write.
 */
export async function writeRegion(place: RegionPlace, data: Uint8Array): Promise<void> {
  if (data.byteLength === 0) return;
  const size = attempt('write', place, () => fstatSync(place.fd).size);
  if (size < place.position + data.byteLength) throw cutOff(place);
  let at = 0;
  while (at < data.byteLength) {
    const [from, length] = [at, Math.min(data.byteLength - at, callBytesMax)];
    if (length <= copyHereBytesMax) {
      at += attempt('write', place, () => writeSync(place.fd, data, from, length, place.position + from));
      continue;
    }
    // oxlint-disable-next-line no-await-in-loop
    const { bytesWritten } = await writeLater(place.fd, data, from, length, place.position + from).catch(
      (error: unknown) => {
        throw failure('write', place, error);
      },
    );
    at += bytesWritten;
  }
}

const readLater = promisify(read);
const writeLater = promisify(write);

type Verb = 'read' | 'write';

function attempt<T>(verb: Verb, place: RegionPlace, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw failure(verb, place, error);
  }
}

function cutOff({ region }: RegionPlace): InferenceError {
  return invalidArgument(
    `shared memory region '${region}' is smaller than when it was registered: its object was cut off`,
  );
}

function failure(verb: Verb, { region }: RegionPlace, cause: unknown): InferenceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new InferenceError('internal', `cannot ${verb} shared memory region '${region}': ${reason}`, {
    cause,
  });
}
