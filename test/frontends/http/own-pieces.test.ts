import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { OwnPieces } from '../../../src/frontends/http/transports/own-pieces.js';

test('a body is what was added, in memory of its own, and takes at most twice of it and a block', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 65_536 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(sizes, fc.boolean(), (parts, told) => {
      const total = parts.reduce((sum, one) => sum + one, 0);
      const read = Buffer.alloc(65_536);
      const pieces = new OwnPieces(told ? total : Infinity);
      const expected: Buffer[] = [];
      for (const [i, size] of parts.entries()) {
        read.fill(i + 1);
        expected.push(Buffer.from(read.subarray(0, size)));
        pieces.add(read, 0, size);
      }
      read.fill(0);
      const made = pieces.take();
      assert.ok(Buffer.concat(made).equals(Buffer.concat(expected)));
      // Small pieces lie in Node's pool.
      const held = made.reduce(
        (sum, { buffer, byteLength }) => sum + (byteLength > 2048 ? buffer.byteLength : 0),
        0,
      );
      assert.ok(held <= (told ? total : 2 * total + 16_384), `${held} of ${total}`);
      assert.deepEqual(pieces.take(), []);
    }),
    { seed: 3, numRuns: 100 },
  );
});

test('a body that comes in one read is one piece', () => {
  const read = Buffer.alloc(65_536, 1);
  const pieces = new OwnPieces(40_000);
  pieces.add(read, 100, 40_100);
  assert.equal(pieces.take().length, 1);
});
