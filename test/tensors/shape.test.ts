import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { elementCount, formatShape, reshape, shapeFits } from '../../src/tensors/shape.js';

test('a shape is printed without blanks, and a scalar as []', () => {
  assert.equal(formatShape([2, -1, 16]), '[2,-1,16]');
  assert.equal(formatShape([]), '[]');
});

test('a scalar has one element, and a zero dimension leaves none however large the others are', () => {
  assert.equal(elementCount([]), 1);
  assert.equal(elementCount([2, 3, 4]), 24);
  assert.equal(elementCount([...Array.from({ length: 20 }, () => 2 ** 62), 0]), 0);
});

test('a shape fits when each dimension is the wanted one or any will do', () => {
  assert.equal(shapeFits([2, 3], [2, 3]), true);
  assert.equal(shapeFits([2, 3], [-1, 3]), true);
  assert.equal(shapeFits([2, 3], [3, 3]), false);
  assert.equal(shapeFits([2, 3], [2]), false);
  assert.equal(shapeFits([], []), true);
});

test('reshape takes fixed dimensions from the target and free ones, in order, from the shape', () => {
  assert.deepEqual(reshape([1, 7, 9], [1, -1, -1], [-1, -1]), [7, 9]);
  assert.deepEqual(reshape([4], [4], [2, 2]), [2, 2]);
  assert.deepEqual(reshape([1], [1], []), []);
});

/** A pattern, a shape that fits it, and a second pattern with as many free dimensions. */
const patterns = fc
  .record({
    free: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }),
    fixedHere: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }),
    fixedThere: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }),
    seed: fc.infiniteStream(fc.boolean()),
  })
  .map(({ free, fixedHere, fixedThere, seed }) => {
    const here = interleave(free, fixedHere, seed);
    const there = interleave(free, fixedThere, seed);
    return { shape: here.shape, from: here.pattern, to: there.pattern };
  });

function interleave(
  free: readonly number[],
  fixed: readonly number[],
  freeNext: Iterator<boolean>,
): { shape: number[]; pattern: number[] } {
  const [shape, pattern]: [number[], number[]] = [[], []];
  let [f, x] = [0, 0];
  while (f < free.length || x < fixed.length) {
    const takeFree = x === fixed.length || (f < free.length && freeNext.next().value === true);
    const dim = takeFree ? free[f++]! : fixed[x++]!;
    shape.push(dim);
    pattern.push(takeFree ? -1 : dim);
  }
  return { shape, pattern };
}

test('a reshaped shape fits the pattern that it was laid out as, and comes back as it was', () => {
  fc.assert(
    fc.property(patterns, ({ shape, from, to }) => {
      const there = reshape(shape, from, to);
      assert.ok(shapeFits(there, to));
      assert.deepEqual(reshape(there, to, from), shape);
    }),
  );
});
