import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freeMemory } from '../../src/tensors/free-memory.js';

test('a plain buffer is empty when its memory was freed', () => {
  for (const buffer of [new ArrayBuffer(5), new ArrayBuffer(2 ** 20, { maxByteLength: 2 ** 20 })]) {
    freeMemory(buffer);
    assert.equal(buffer.byteLength, 0);
  }
});

test('shared memory stays with those that hold it', () => {
  const buffer = new SharedArrayBuffer(8);
  freeMemory(buffer);
  assert.equal(buffer.byteLength, 8);
});

test('memory is gone without a collection', async () => {
  const before = process.memoryUsage().external;
  for (let count = 0; count < 200; count++) freeMemory(new ArrayBuffer(2 ** 20));
  // The first of a process may have to wait for the port to be closed.
  await new Promise(setImmediate);
  assert.ok(process.memoryUsage().external - before < 100 * 2 ** 20);
});
