import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { tensorText } from '../../src/server/tensor-text.js';
import { joinBytes } from '../../src/tensors/bytes.js';
import type { Datatype } from '../../src/tensors/datatype.js';

function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

const table: [Datatype, ArrayBufferView, string][] = [
  ['BOOL', Uint8Array.of(0, 1, 7), '0,1,1'],
  ['UINT8', Uint8Array.of(0, 255), '0,255'],
  ['INT8', Int8Array.of(-128, 127), '-128,127'],
  ['UINT16', Uint16Array.of(65535), '65535'],
  ['INT16', Int16Array.of(-2), '-2'],
  ['UINT32', Uint32Array.of(4294967295), '4294967295'],
  ['INT32', Int32Array.of(-5, 5), '-5,5'],
  ['UINT64', BigUint64Array.of(18446744073709551615n), '18446744073709551615'],
  ['INT64', BigInt64Array.of(-9007199254740993n), '-9007199254740993'],
  [
    'FP16',
    Uint16Array.of(0x3c00, 0xc000, 0x3555, 0x7c00, 0xfc00, 0x7e00, 0x0001),
    '1,-2,0.333251953125,Infinity,-Infinity,NaN,5.960464477539063e-8',
  ],
  ['BF16', Uint16Array.of(0x3f80, 0xc040), '1,-3'],
  ['FP32', Float32Array.of(0.1, -2.5, 1e30, 16777216, NaN), '0.1,-2.5,1e+30,16777216,NaN'],
  ['FP64', Float64Array.of(0.1, 1 / 3), '0.1,0.3333333333333333'],
  ['BYTES', joinBytes([Buffer.from('a,b'), Buffer.from(''), Buffer.from('ü')]), '"a,b","","ü"'],
];

for (const [datatype, values, text] of table) {
  test(`${datatype} as text`, () => assert.equal(tensorText(datatype, bytesOf(values)).text, text));
}

test('the text of a number of 32 bits names that number', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true }), (value) => {
      const { text } = tensorText('FP32', bytesOf(Float32Array.of(value)));
      assert.equal(Math.fround(Number(text)), value === 0 ? 0 : value);
    }),
    { numRuns: 500, seed: 2 },
  );
});

test('at most a thousand elements are shown, and none that is cut', () => {
  assert.equal(tensorText('UINT8', new Uint8Array(5000)).shown, 1000);
  assert.deepEqual(tensorText('INT32', new Uint8Array(7)), { text: '0', shown: 1 });
  const whole = joinBytes([Buffer.from('one'), Buffer.from('two')]);
  assert.deepEqual(tensorText('BYTES', whole.subarray(0, whole.byteLength - 1)), { text: '"one"', shown: 1 });
});
