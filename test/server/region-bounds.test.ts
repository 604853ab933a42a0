import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { InferenceError } from '../../src/inference/error.js';
import { checkBounds } from '../../src/server/region-bounds.js';

const size = 4096n;
const atOffset = "Invalid offset for shared memory region: 'r'";
const atEnd = "Invalid offset + byte size for shared memory region: 'r'";
const overflow = (byteSize: bigint, offset: bigint): string =>
  `Integer overflow detected: byte_size (${byteSize}) + offset (${offset}) exceeds maximum value (18446744073709551615) for region 'r'`;

const outside: readonly (readonly [offset: bigint, byteSize: bigint, text: string])[] = [
  [4096n, 0n, atOffset],
  [4096n, 1n, atOffset],
  [-1n, 1n, atOffset],
  [2n ** 63n - 1n, 1n, atOffset],
  [0n, 4097n, atEnd],
  [4095n, 2n, atEnd],
  [1n, 2n ** 63n - 1n, atEnd],
  [0n, -1n, atEnd],
  [1n, -1n, overflow(18446744073709551615n, 1n)],
  [4095n, -4095n, overflow(18446744073709547521n, 4095n)],
  [4095n, -4096n, atEnd],
];

for (const [offset, byteSize, text] of outside) {
  test(`${byteSize} bytes at ${offset} are refused in a region of 4096`, () => {
    assert.throws(() => checkBounds({ region: 'r', offset, byteSize }, size), {
      code: 'invalid-argument',
      message: text,
    });
  });
}

for (const [offset, byteLength] of [
  [0, 4096],
  [4095, 1],
  [4095, 0],
  [0, 0],
] as const) {
  test(`${byteLength} bytes at ${offset} lie in a region of 4096`, () => {
    const span = { region: 'r', offset: BigInt(offset), byteSize: BigInt(byteLength) };
    assert.deepEqual(checkBounds(span, size), { offset, byteLength });
  });
}

test('whatever passes lies inside of its region, and whatever does not is refused', () => {
  const near = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -8n, max: 8n }),
    fc.bigInt({ min: 2n ** 53n - 8n, max: 2n ** 53n + 8n }),
  );
  fc.assert(
    fc.property(near, near, fc.bigInt({ min: 1n, max: 2n ** 53n - 1n }), (offset, byteSize, regionSize) => {
      const [from, length] = [BigInt.asUintN(64, offset), BigInt.asUintN(64, byteSize)];
      const inside = from < regionSize && from + length <= regionSize;
      try {
        const bounds = checkBounds({ region: 'r', offset, byteSize }, regionSize);
        assert.ok(inside);
        assert.equal(BigInt(bounds.offset), from);
        assert.equal(BigInt(bounds.byteLength), length);
      } catch (error) {
        assert.ok(error instanceof InferenceError && !inside);
      }
    }),
    { seed: 12, numRuns: 2000 },
  );
});
