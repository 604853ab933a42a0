import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { forEachElement, joinBytes, lengthPrefixBytes, walkBytes } from '../../src/tensors/bytes.js';

const elements = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 9 });

function atOddOffset(data: Uint8Array): Uint8Array {
  const moved = new Uint8Array(data.byteLength + 1).subarray(1);
  moved.set(data);
  return moved;
}

test('joined elements are walked to their count and visited as they were, at any offset', () => {
  fc.assert(
    fc.property(elements, (given) => {
      const raw = atOddOffset(joinBytes(given));
      assert.deepEqual(walkBytes(raw, given.length), { kind: 'whole', count: given.length });
      const seen: Uint8Array[] = [];
      forEachElement(raw, (start, end) => seen.push(raw.slice(start, end)));
      assert.deepEqual(seen, given);
    }),
  );
});

test('an element too many is told at the first one, and too few by the count', () => {
  fc.assert(
    fc.property(elements, fc.nat(9), (given, expected) => {
      const surplus = given.length > expected;
      assert.deepEqual(walkBytes(joinBytes(given), expected), {
        kind: surplus ? 'surplus' : 'whole',
        count: surplus ? expected + 1 : given.length,
      });
    }),
  );
});

test('a cut anywhere is told as what it is: between elements, in a length, in an element', () => {
  fc.assert(
    fc.property(elements, fc.nat(), (given, at) => {
      const raw = joinBytes(given);
      const end = at % (raw.byteLength + 1);
      const walk = walkBytes(raw.subarray(0, end), given.length);
      let [start, whole] = [0, 0];
      for (const { byteLength } of given) {
        if (start + lengthPrefixBytes + byteLength > end) break;
        start += lengthPrefixBytes + byteLength;
        whole++;
      }
      const left = end - start;
      if (left === 0) assert.deepEqual(walk, { kind: 'whole', count: whole });
      else if (left < lengthPrefixBytes) assert.deepEqual(walk, { kind: 'cut-prefix', count: whole, left });
      else {
        assert.deepEqual(walk, {
          kind: 'cut-element',
          count: whole + 1,
          length: given[whole]!.byteLength,
          left: left - lengthPrefixBytes,
        });
      }
    }),
  );
});

test('a length of four bytes is read as an unsigned number', () => {
  const raw = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1);
  assert.deepEqual(walkBytes(raw, 1), { kind: 'cut-element', count: 1, length: 2 ** 32 - 1, left: 1 });
});
