import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { alignUp, Arena } from '../../src/tensors/arena.js';

const MiB = 1024 * 1024;

test('a buffer is at least as large as asked for, with little waste where it would count', () => {
  const arena = new Arena({ keptBytesMax: 0, shared: false });
  const sizes = [0, 1, 1024, 1025, 5000, MiB - 1, MiB, MiB + 1, 5 * MiB, 5 * MiB + 1];
  assert.deepEqual(
    sizes.map((size) => arena.take(size).byteLength),
    [1024, 1024, 1024, 2048, 8192, MiB, MiB, 2 * MiB, 5 * MiB, 6 * MiB],
  );
});

test('a size class is never smaller than the size, nor twice as large', () => {
  const arena = new Arena({ keptBytesMax: 0, shared: false });
  fc.assert(
    fc.property(fc.integer({ min: 1024, max: 3 * MiB }), (size) => {
      const { byteLength } = arena.take(size);
      assert.ok(byteLength >= size && byteLength < 2 * size + 1);
    }),
    { numRuns: 50 },
  );
});

test('the buffers are shared memory where the runtime takes that', () => {
  assert.ok(new Arena({ keptBytesMax: 0, shared: true }).take(1) instanceof SharedArrayBuffer);
  assert.ok(new Arena({ keptBytesMax: 0, shared: false }).take(1) instanceof ArrayBuffer);
});

test('a buffer that was given back is taken again', () => {
  const arena = new Arena({ keptBytesMax: MiB, shared: false });
  const buffer = arena.take(3000);
  arena.giveBack(buffer);
  assert.equal(arena.keptBytes, 4096);
  assert.equal(arena.take(4000), buffer);
  assert.equal(arena.keptBytes, 0);
});

test('a buffer that went to a thread and is empty here is not kept', () => {
  const arena = new Arena({ keptBytesMax: MiB, shared: false });
  const buffer = arena.take(1) as ArrayBuffer;
  structuredClone(buffer, { transfer: [buffer] });
  arena.giveBack(buffer);
  assert.equal(arena.keptBytes, 0);
  assert.equal(arena.take(1).byteLength, 1024);
});

test('a size that is wanted now takes the room of sizes that are not', () => {
  const arena = new Arena({ keptBytesMax: 8192, shared: false });
  const small = Array.from({ length: 8 }, () => arena.take(1024));
  for (const buffer of small) arena.giveBack(buffer);
  const large = arena.take(8192);
  arena.giveBack(large);
  assert.equal(arena.take(8192), large);
});

test('no buffer is with two holders, and no more than the bound is kept', () => {
  const step = fc.record({ take: fc.boolean(), size: fc.integer({ min: 0, max: 20_000 }), which: fc.nat() });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 100 }),
      fc.integer({ min: 0, max: 60_000 }),
      (steps, keptBytesMax) => {
        const arena = new Arena({ keptBytesMax, shared: false });
        const held: ArrayBufferLike[] = [];
        for (const { take, size, which } of steps) {
          if (take || held.length === 0) {
            const buffer = arena.take(size);
            assert.ok(buffer.byteLength >= size);
            assert.ok(!held.includes(buffer));
            held.push(buffer);
          } else {
            arena.giveBack(held.splice(which % held.length, 1)[0]!);
          }
          assert.ok(arena.keptBytes >= 0 && arena.keptBytes <= keptBytesMax);
        }
      },
    ),
  );
});

test('offsets are rounded up to cache lines', () => {
  assert.deepEqual([0, 1, 63, 64, 65].map(alignUp), [0, 64, 64, 64, 128]);
});
