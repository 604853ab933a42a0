import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FakeClock } from '../support/fake-clock.js';
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

test('small buffers are shared memory where the runtime takes that', () => {
  assert.ok(new Arena({ keptBytesMax: 0, shared: true }).take(MiB) instanceof ArrayBuffer);
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

test('no buffer is with two holders or freed while it is held, and no more than the bound is kept', () => {
  const step = fc.record({
    take: fc.boolean(),
    size: fc.integer({ min: 0, max: 20_000 }),
    which: fc.nat(),
    passedMs: fc.constantFrom(0, 0, 3, 5000),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 100 }),
      fc.integer({ min: 0, max: 60_000 }),
      (steps, keptBytesMax) => {
        const { clock, arena } = watchedArena(keptBytesMax);
        const held: ArrayBufferLike[] = [];
        for (const { take, size, which, passedMs } of steps) {
          clock.advance(passedMs);
          if (take || held.length === 0) {
            const buffer = arena.take(size);
            assert.ok(buffer.byteLength >= size);
            assert.ok(!held.includes(buffer));
            held.push(buffer);
          } else {
            arena.giveBack(held.splice(which % held.length, 1)[0]!);
          }
          assert.ok(arena.keptBytes >= 0 && arena.keptBytes <= keptBytesMax);
          assert.ok(!held.some(isFreed));
        }
        clock.advance(20_000);
        assert.equal(arena.keptBytes, 0);
        assert.deepEqual(clock.waitsMs, []);
      },
    ),
  );
});

/** Whether a plain buffer's memory was given up. */
function isFreed(buffer: ArrayBufferLike): boolean {
  return buffer.byteLength === 0;
}

function watchedArena(keptBytesMax: number): { clock: FakeClock; arena: Arena } {
  const clock = new FakeClock();
  return { clock, arena: new Arena({ keptBytesMax, shared: false, clock }) };
}

test('what nobody takes for some seconds is freed, and then nothing waits for the clock', () => {
  const { clock, arena } = watchedArena(16 * MiB);
  const buffers = [arena.take(4096), arena.take(MiB), arena.take(3 * MiB)];
  assert.deepEqual(clock.waitsMs, []);
  for (const buffer of buffers) arena.giveBack(buffer);
  clock.advance(4000);
  assert.equal(arena.keptBytes, 4096 + 4 * MiB);
  clock.advance(4100);
  assert.equal(arena.keptBytes, 0);
  assert.ok(buffers.every(isFreed));
  assert.deepEqual(clock.waitsMs, []);
});

test('as many buffers as were needed at a time stay, and those that were used last', () => {
  const { clock, arena } = watchedArena(16 * MiB);
  const [cold, warm] = [arena.take(MiB), arena.take(MiB)];
  arena.giveBack(cold);
  arena.giveBack(warm);
  for (let used = 0; used < 10; used++) {
    assert.equal(arena.take(MiB), warm);
    clock.advance(2000);
    arena.giveBack(warm);
  }
  assert.ok(isFreed(cold));
  assert.equal(arena.keptBytes, MiB);
});

test('idle buffers are freed in small steps', () => {
  const { clock, arena } = watchedArena(64 * MiB);
  for (const size of [1024, 64 * 1024, MiB, 5 * MiB]) {
    const buffers = Array.from({ length: 100 }, () => arena.take(size)).slice(0, (50 * MiB) / size);
    for (const buffer of buffers) arena.giveBack(buffer);
    clock.advance(8001);
    for (let before = arena.keptBytes; before > 0; before = arena.keptBytes) {
      clock.advance(4);
      const bytes = before - arena.keptBytes;
      assert.ok(bytes <= Math.min(64 * size, Math.max(MiB, size)), `${bytes} bytes of ${size}`);
    }
    assert.ok(buffers.every(isFreed));
  }
});

test('what leaves makes room for what is wanted', () => {
  const { clock, arena } = watchedArena(4 * MiB);
  const idle = Array.from({ length: 4 }, () => arena.take(MiB));
  for (const buffer of idle) arena.giveBack(buffer);
  clock.advance(8000);
  const wanted = arena.take(3 * MiB);
  arena.giveBack(wanted);
  assert.equal(arena.take(3 * MiB), wanted);
});

test('a buffer for which there is no room is freed at once', () => {
  const arena = new Arena({ keptBytesMax: MiB, shared: false });
  const buffer = arena.take(2 * MiB);
  arena.giveBack(buffer);
  assert.ok(isFreed(buffer));
});

test('shared buffers leave as well', () => {
  const clock = new FakeClock();
  const arena = new Arena({ keptBytesMax: MiB, shared: true, clock });
  const buffer = arena.take(4096);
  arena.giveBack(buffer);
  clock.advance(9000);
  assert.equal(arena.keptBytes, 0);
  assert.notEqual(arena.take(4096), buffer);
});

test('offsets are rounded up to cache lines', () => {
  assert.deepEqual([0, 1, 63, 64, 65].map(alignUp), [0, 64, 64, 64, 128]);
});
