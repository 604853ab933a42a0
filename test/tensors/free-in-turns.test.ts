import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FreeInTurns } from '../../src/tensors/free-in-turns.js';
import { FakeClock } from '../support/fake-clock.js';

const mib = 1024 * 1024;

function buffers(count: number, bytes: number): ArrayBuffer[] {
  return Array.from({ length: count }, () => new ArrayBuffer(bytes));
}

function freed(all: readonly ArrayBuffer[]): number {
  return all.filter(({ byteLength }) => byteLength === 0).length;
}

test('few buffers are freed at once, many over the turns that follow, and none is forgotten', () => {
  const clock = new FakeClock();
  const surplus = new FreeInTurns(clock);
  const many = buffers(40, mib);
  for (const one of many) surplus.free(one);
  assert.equal(freed(many), 16);
  clock.advance(1);
  assert.equal(freed(many), 32);
  clock.advance(1);
  assert.equal(freed(many), 40);
  clock.advance(1);
  assert.deepEqual(clock.waitsMs, []);
  const [next] = buffers(1, mib);
  surplus.free(next!);
  assert.equal(next!.byteLength, 0);
});

test('a buffer that is larger than a turn frees is freed alone', () => {
  const clock = new FakeClock();
  const surplus = new FreeInTurns(clock);
  const large = buffers(2, 20 * mib);
  for (const one of large) surplus.free(one);
  assert.equal(freed(large), 1);
  clock.advance(1);
  assert.equal(freed(large), 2);
});

test('without a clock all is freed at once', () => {
  const surplus = new FreeInTurns(undefined);
  const many = buffers(20, mib);
  for (const one of many) surplus.free(one);
  assert.equal(freed(many), 20);
});
