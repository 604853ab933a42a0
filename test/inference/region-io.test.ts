import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { readRegion, readRegionSync, writeRegion } from '../../src/inference/region-io.js';
import type { RegionPlace } from '../../src/tensors/region-bytes.js';
import { withObjects, type SharedObject } from '../support/shared-object.js';

const cut = {
  code: 'invalid-argument',
  message: "shared memory region 'r' is smaller than when it was registered: its object was cut off",
};

async function withPlace(
  byteLength: number,
  use: (place: RegionPlace, object: SharedObject) => Promise<void>,
): Promise<void> {
  const content = Uint8Array.from({ length: byteLength + 20 }, (_, index) => index % 251);
  await withObjects([content], async (object) => {
    const fd = openSync(object.file, 'r+');
    try {
      await use({ region: 'r', fd, position: 10, byteLength }, object);
    } finally {
      closeSync(fd);
    }
  });
}

for (const byteLength of [0, 1, 64 * 1024, 256 * 1024, 256 * 1024 + 1, 3_000_001]) {
  test(`${byteLength} bytes are read and written where they belong and nowhere else`, () =>
    withPlace(byteLength, async (place, object) => {
      const before = readFileSync(object.file);
      const expected = before.subarray(10, 10 + byteLength);
      assert.deepEqual(Buffer.from(await readRegion(place)), expected);
      const target = new Uint8Array(byteLength);
      readRegionSync(place, target);
      assert.deepEqual(Buffer.from(target), expected);
      await writeRegion(place, new Uint8Array(byteLength).fill(255));
      const after = readFileSync(object.file);
      assert.ok(after.subarray(10, 10 + byteLength).every((byte) => byte === 255));
      assert.deepEqual(after.subarray(0, 10), before.subarray(0, 10));
      assert.deepEqual(after.subarray(10 + byteLength), before.subarray(10 + byteLength));
    }));

  if (byteLength === 0) continue;
  test(`${byteLength} bytes of an object that was cut are an error, and it is not made longer`, () =>
    withPlace(byteLength, async (place, object) => {
      for (const left of [10 + byteLength - 1, 10, 0]) {
        object.truncate(left);
        assert.throws(() => readRegionSync(place, new Uint8Array(byteLength)), cut);
        await assert.rejects(readRegion(place), cut);
        await assert.rejects(writeRegion(place, new Uint8Array(byteLength)), cut);
        assert.equal(statSync(object.file).size, left);
      }
    }));
}

test('a slot in shared memory of threads can be read into and written from', () =>
  withPlace(4096, async (place, object) => {
    const slot = new Uint8Array(new SharedArrayBuffer(8192), 64, 4096);
    readRegionSync(place, slot);
    assert.deepEqual(Buffer.from(slot), object.read(10, 4096));
    slot.fill(9);
    await writeRegion(place, slot);
    assert.ok(object.read(10, 4096).every((byte) => byte === 9));
  }));

test('what the system refuses is said with the name of the region', async () => {
  const place = { region: 'r', fd: 1_000_000, position: 0, byteLength: 300_000 };
  const refused = { code: 'internal', message: /^cannot (read|write) shared memory region 'r': EBADF/ };
  assert.throws(() => readRegionSync(place, new Uint8Array(place.byteLength)), refused);
  await assert.rejects(readRegion(place), refused);
  await assert.rejects(writeRegion(place, new Uint8Array(1)), refused);
});
