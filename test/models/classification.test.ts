import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { classify, type ClassificationOptions } from '../../src/models/classification.js';
import { formatScore } from '../../src/models/score.js';
import { forEachElement } from '../../src/tensors/bytes.js';
import type { Datatype } from '../../src/tensors/datatype.js';
import type { Tensor } from '../../src/tensors/tensor.js';

function tensor(datatype: Datatype, shape: readonly number[], elements: ArrayBufferView): Tensor {
  const bytes = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
  const data = new Uint8Array(bytes.byteLength + 1).subarray(1);
  data.set(bytes);
  return { name: 'X', datatype, shape, data };
}

function floats(shape: readonly number[], ...values: number[]): Tensor {
  return tensor('FP32', shape, Float32Array.from(values));
}

function classesOf(
  given: Tensor,
  options: Partial<ClassificationOptions> = {},
): { shape: readonly number[]; texts: string[] } {
  const all = { classCount: 2, batching: false, labels: [], ...options };
  const { name, datatype, shape, data } = classify(given, all);
  assert.deepEqual([name, datatype], ['X', 'BYTES']);
  const texts: string[] = [];
  forEachElement(data, (start, end) => texts.push(Buffer.from(data.subarray(start, end)).toString()));
  return { shape, texts };
}

test('without batching the best classes of the whole tensor are given, best first', () => {
  assert.deepEqual(classesOf(floats([2, 2], 1, 4, 3, 2)), {
    shape: [2],
    texts: ['4.000000:1', '3.000000:2'],
  });
});

test('with batching each item has its own best classes, counted over its other dimensions', () => {
  assert.deepEqual(classesOf(floats([2, 1, 3], 1, 3, 2, 6, 5, 4), { batching: true }), {
    shape: [2, 2],
    texts: ['3.000000:1', '2.000000:2', '6.000000:0', '5.000000:1'],
  });
});

test('more classes than there are is as many as there are', () => {
  assert.deepEqual(classesOf(floats([1, 2], 1, 2), { batching: true, classCount: 9 }).shape, [1, 2]);
  assert.deepEqual(classesOf(floats([0]), { classCount: 9 }), { shape: [0], texts: [] });
  assert.deepEqual(classesOf(floats([2, 0]), { batching: true }), { shape: [2, 0], texts: [] });
  assert.deepEqual(classesOf(floats([0, 2]), { batching: true }), { shape: [0, 2], texts: [] });
});

test('a label stands behind the index, where there is one that is not empty', () => {
  const { texts } = classesOf(floats([4], 4, 3, 2, 1), { classCount: 4, labels: ['cat', '', 'dog: big'] });
  assert.deepEqual(texts, ['4.000000:0:cat', '3.000000:1', '2.000000:2:dog: big', '1.000000:3']);
});

test('equal scores come in the order of their index, and what is no number comes last', () => {
  const values = [NaN, 1, 7, NaN, 7, -Infinity, 0, -0];
  const expected = [
    '7.000000:2',
    '7.000000:4',
    '1.000000:1',
    '0.000000:6',
    '-0.000000:7',
    '-inf:5',
    'nan:0',
    'nan:3',
  ];
  assert.deepEqual(classesOf(floats([8], ...values), { classCount: 8 }).texts, expected);
  assert.deepEqual(classesOf(floats([8], ...values), { classCount: 1 }).texts, ['7.000000:2']);
});

const numeric: readonly [Datatype, ArrayBufferView, string[]][] = [
  ['UINT8', Uint8Array.of(7, 255), ['255:1', '7:0']],
  ['UINT16', Uint16Array.of(7, 65535), ['65535:1', '7:0']],
  ['UINT32', Uint32Array.of(7, 4294967295), ['4294967295:1', '7:0']],
  ['UINT64', BigUint64Array.of(7n, 2n ** 64n - 1n), ['18446744073709551615:1', '7:0']],
  ['INT8', Int8Array.of(-128, 127), ['127:1', '-128:0']],
  ['INT16', Int16Array.of(-32768, 3), ['3:1', '-32768:0']],
  ['INT32', Int32Array.of(-2147483648, 3), ['3:1', '-2147483648:0']],
  ['INT64', BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n), ['9007199254740993:1', '-9223372036854775808:0']],
  ['FP32', Float32Array.of(0.1, 0.2), ['0.200000:1', '0.100000:0']],
  ['FP64', Float64Array.of(0.1, 1e21), ['1000000000000000000000.000000:1', '0.100000:0']],
];

for (const [datatype, elements, texts] of numeric) {
  test(`${datatype} is classified and printed as it is`, () => {
    assert.deepEqual(classesOf(tensor(datatype, [2], elements)).texts, texts);
  });
}

for (const datatype of ['BOOL', 'FP16', 'BF16', 'BYTES'] as const) {
  test(`${datatype} has no classes`, () => {
    assert.throws(() => classesOf(tensor(datatype, [2], new Uint8Array(4))), {
      code: 'invalid-argument',
      message: `class result not available for output due to unsupported type '${datatype}'`,
    });
  });
}

test('more than a million classes in one item are refused, exactly a million are not', () => {
  const size = 1_000_000;
  assert.deepEqual(
    classesOf(tensor('UINT8', [2, size], new Uint8Array(2 * size)), { batching: true }).shape,
    [2, 2],
  );
  assert.throws(() => classesOf(tensor('UINT8', [size + 1], new Uint8Array(size + 1))), {
    code: 'invalid-argument',
    message: 'classification output tensor too large',
  });
});

test('whatever the scores, the classes are those of a plain sort', () => {
  const score = fc.oneof(fc.float(), fc.constantFrom(0, -0, 1, 1, NaN, Infinity, -Infinity));
  const items = fc
    .tuple(fc.integer({ min: 1, max: 150 }), fc.integer({ min: 1, max: 3 }))
    .chain(([size, count]) =>
      fc.array(fc.array(score, { minLength: size, maxLength: size }), { minLength: count, maxLength: count }),
    );
  fc.assert(
    fc.property(items, fc.integer({ min: 1, max: 160 }), (rows, classCount) => {
      const size = rows[0]!.length;
      const { shape, texts } = classesOf(floats([rows.length, size], ...rows.flat()), {
        batching: true,
        classCount,
      });
      const expected = rows.flatMap((row) => {
        const numbers = row.flatMap((value, index) => (Number.isNaN(value) ? [] : [{ value, index }]));
        const others = row.flatMap((value, index) => (Number.isNaN(value) ? [{ value, index }] : []));
        // A stable sort; a difference would not do, as two infinities have none.
        numbers.sort((a, b) => Number(b.value > a.value) - Number(b.value < a.value));
        return [...numbers, ...others]
          .slice(0, classCount)
          .map(({ value, index }) => `${formatScore(Math.fround(value), true)}:${index}`);
      });
      assert.deepEqual(texts, expected);
      assert.deepEqual(shape, [rows.length, Math.min(classCount, size)]);
    }),
  );
});
