import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseVersion } from '../../src/server/parse-version.js';

const accepted: readonly (readonly [text: string, version: number | undefined])[] = [
  ['', undefined],
  ['3', 3],
  ['0', 0],
  ['-0', 0],
  ['007', 7],
  ['3abc', 3],
  ['3.9', 3],
  [' \t\n\v\f\r+12', 12],
  ['0'.repeat(40) + '5', 5],
];

for (const [text, version] of accepted) {
  test(`the version text ${JSON.stringify(text)} means ${version ?? 'none'}`, () => {
    assert.equal(parseVersion(text), version);
  });
}

for (const text of [
  'abc',
  ' ',
  '+',
  '-',
  '+-1',
  '- 1',
  '\u00a03',
  'v1',
  '9223372036854775808',
  '-9223372036854775809',
]) {
  test(`the version text ${JSON.stringify(text)} is no number`, () => {
    assert.throws(() => parseVersion(text), {
      code: 'invalid-argument',
      message: `failed to get model version from specified version string '${text}' (details: stol), version should be an integral value > 0`,
    });
  });
}

for (const text of ['-1', ' -7x', '-9223372036854775808']) {
  test(`the version text ${JSON.stringify(text)} is refused as negative`, () => {
    assert.throws(() => parseVersion(text), {
      code: 'invalid-argument',
      message: `invalid model version specified '${text}' , version should be an integral value > 0`,
    });
  });
}

test('a number in front counts, whatever follows it', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.string().filter((rest) => !/^\d/.test(rest)),
      (version, rest) => {
        assert.equal(parseVersion(`${version}${rest}`), version);
      },
    ),
  );
});

test('any number of 64 bits is told apart from one beyond', () => {
  const limit = 2n ** 63n;
  fc.assert(
    fc.property(fc.bigInt({ min: -4n * limit, max: 4n * limit }), (version) => {
      const outside = version >= limit || version < -limit;
      if (outside) assert.throws(() => parseVersion(String(version)), /^InferenceError: failed to get/);
      else if (version < 0n) assert.throws(() => parseVersion(String(version)), /^InferenceError: invalid/);
      else assert.equal(parseVersion(String(version)), Number(version));
    }),
  );
});
