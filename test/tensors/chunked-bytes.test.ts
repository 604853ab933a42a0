import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  ChunkedBytes,
  copyBytes,
  turnBytesMax,
  wholeBytes,
  wholeBytesInTurns,
} from '../../src/tensors/chunked-bytes.js';

const chunks = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 8 });

test('pieces are the bytes that they make together', () => {
  fc.assert(
    fc.property(chunks, (pieces) => {
      const data = new ChunkedBytes(pieces);
      assert.deepEqual(wholeBytes(data), Buffer.concat(pieces));
      const target = Buffer.alloc(data.byteLength + 3);
      copyBytes(data, target, 3);
      assert.deepEqual(target.subarray(3), Buffer.concat(pieces));
    }),
  );
});

test('a slice is the same bytes as a slice of the whole, and a view where it lies in one piece', () => {
  fc.assert(
    fc.property(chunks, fc.nat(160), fc.nat(160), (pieces, one, other) => {
      const data = new ChunkedBytes(pieces);
      const [from, to] = [
        Math.min(one, other, data.byteLength),
        Math.min(Math.max(one, other), data.byteLength),
      ];
      const slice = data.slice(from, to);
      assert.deepEqual(Buffer.from(wholeBytes(slice)), Buffer.concat(pieces).subarray(from, to));
      assert.equal(slice.byteLength, to - from);
      if (slice instanceof Uint8Array) assert.ok(pieces.some(({ buffer }) => buffer === slice.buffer));
    }),
  );
});

test('many pieces are made one while the event loop turns', async () => {
  const pieces = Array.from({ length: 9 }, (_, i) => Buffer.alloc(turnBytesMax / 2, i + 1));
  let turnCount = 0;
  let over = false;
  const turn = (): void => {
    turnCount++;
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  const whole = await wholeBytesInTurns(new ChunkedBytes(pieces));
  over = true;
  assert.ok(turnCount >= 4, `${turnCount} turns`);
  assert.ok(Buffer.concat(pieces).equals(whole));
  assert.equal((await wholeBytesInTurns(new ChunkedBytes([]))).byteLength, 0);
});
