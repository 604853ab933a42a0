import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { NumberReader } from '../../../../src/frontends/http/codec/json-number.js';

const number = new NumberReader();

function read(text: string): NumberReader {
  assert.ok(number.read(Buffer.from(`${text},`), 0), text);
  assert.equal(number.end, text.length, text);
  return number;
}

function expectSame(text: string, value = Number(text)): void {
  const bytes = Buffer.from(`${text},`);
  assert.ok(Object.is(read(text).double(bytes), value), `${text} as a double`);
  const float = read(text).float(bytes);
  assert.ok(Object.is(float, Math.fround(value)), `${text} as a float: ${float}`);
}

const digits = fc
  .array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 30 })
  .map((list) => list.join(''));
const texts = fc
  .tuple(fc.boolean(), digits, fc.option(digits), fc.option(fc.integer({ min: -340, max: 280 })))
  .map(([negative, whole, fraction, exponent]) => {
    const front = whole.replace(/^0+(?=\d)/, '');
    return `${negative ? '-' : ''}${front}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`;
  });

test('every text of a number becomes the nearest double, and that the nearest float', () => {
  fc.assert(
    fc.property(texts, (text) => expectSame(text)),
    { seed: 1, numRuns: 20_000 },
  );
});

test('every double reads back from its text', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) =>
      expectSame(Object.is(value, -0) ? '-0' : String(value), value),
    ),
    { seed: 2, numRuns: 20_000 },
  );
});

test('every float reads back from the text of its double', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (bits) => {
      const value = new Float32Array(Uint32Array.of(bits).buffer)[0]!;
      if (Number.isFinite(value)) expectSame(Object.is(value, -0) ? '-0.0' : String(value), value);
    }),
    { seed: 3, numRuns: 20_000 },
  );
});

// Between two floats, or so near to there that only the exact digits tell to which side.
const halfway = [
  '16777217',
  '16777217.0000000000000000000000001',
  '16777216.9999999999999999999999999',
  '1.000000059604644775390625',
  '1.00000005960464477539062500000000000001',
  '9007199254740993',
  '9007199254740993.00000000000000000001',
  '7.0064923216240853546186479164495e-46',
  '7.006492321624086e-46',
  '3.4028235677973366e38',
  '3.4028235677973362e38',
  '2.2250738585072011e-308',
  '4.9e-324',
  '2e-324',
  '1e-400',
  '0e999999999999',
  '1.7976931348623157e308',
  '0.1e-6',
  '123456789012345678901234567890e-20',
  `0.${'0'.repeat(400)}1e401`,
];

for (const text of halfway)
  test(`${text.slice(0, 60)} becomes the nearest double, then the nearest float`, () => expectSame(text));

test('NaN and the infinities are read as Triton reads them', () => {
  const values: [string, number][] = [
    ['NaN', Number.NaN],
    ['-NaN', Number.NaN],
    ['Inf', Infinity],
    ['-Inf', -Infinity],
    ['Infinity', Infinity],
    ['-Infinity', -Infinity],
  ];
  for (const [text, value] of values) expectSame(text, value);
});

const broken: readonly [text: string, message: string][] = [
  ['1.', 'Miss fraction part in number. at 2'],
  ['1.x', 'Miss fraction part in number. at 2'],
  ['1e', 'Miss exponent in number. at 2'],
  ['1e+', 'Miss exponent in number. at 3'],
  ['-', 'Invalid value. at 1'],
  ['-x', 'Invalid value. at 1'],
  ['1e309', 'Number too big to be stored in double. at 0'],
  [`1${'0'.repeat(400)}`, 'Number too big to be stored in double. at 0'],
];

for (const [text, message] of broken) {
  test(`${text.slice(0, 20)} is no number`, () => {
    for (const as of ['double', 'float'] as const) {
      assert.throws(
        () => {
          const bytes = Buffer.from(text);
          number.read(bytes, 0);
          number[as](bytes);
        },
        { message: `failed to parse the request JSON buffer: ${message}` },
      );
    }
  });
}
