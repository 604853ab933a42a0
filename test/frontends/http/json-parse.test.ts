import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { InferenceError } from '../../../src/inference/error.js';
import {
  asDouble,
  isArray,
  JsonNumber,
  JsonObject,
  type JsonValue,
} from '../../../src/frontends/http/json.js';
import { parseJson, valuesMax } from '../../../src/frontends/http/json-parse.js';

/** What was parsed, as JavaScript has it. */
function plain(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return asDouble(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof JsonObject) {
    return Object.fromEntries(value.members.map(([name, one]) => [name, plain(one)]));
  }
  return isArray(value) ? value.map(plain) : value;
}

async function parse(text: string | Buffer): Promise<unknown> {
  return plain(await parseJson(Buffer.from(text)));
}

async function failure(text: string | Buffer): Promise<InferenceError> {
  try {
    await parse(text);
  } catch (error) {
    assert.ok(error instanceof InferenceError);
    return error;
  }
  return assert.fail(`'${text.toString()}' was parsed`);
}

test('whatever is JSON is read as JavaScript reads it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.json({ maxDepth: 8 }), async (text) => {
      assert.deepEqual(await parse(text), toPlainZero(JSON.parse(text)));
    }),
    { seed: 7, numRuns: 500 },
  );
});

/** `__proto__` is a name like any other here. */
function toPlainZero(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toPlainZero);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, toPlainZero(one)]));
}

test('whatever is no JSON is refused, wherever it was broken', async () => {
  await fc.assert(
    fc.asyncProperty(fc.json(), fc.nat(), fc.integer({ min: 0, max: 255 }), async (text, place, byte) => {
      const bytes = Buffer.from(text);
      if (bytes.byteLength > 0) bytes[place % bytes.byteLength] = byte;
      const broken = Buffer.from(bytes);
      let expected: unknown = failure;
      try {
        expected = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(broken));
      } catch {
        // Not JSON, or no text.
      }
      try {
        const read = await parse(bytes);
        if (expected !== failure) assert.deepEqual(read, toPlainZero(expected));
      } catch (error) {
        assert.ok(error instanceof InferenceError, String(error));
        // JavaScript has a value for these, Triton has none.
        if (/Number too big|surrogate pair/.test(error.message)) return;
        assert.equal(expected, failure, `${broken.toString()}: ${error.message}`);
      }
    }),
    { seed: 7, numRuns: 2000 },
  );
});

const faults: readonly [text: string, message: string][] = [
  ['', 'The document is empty. at 0'],
  ['  ', 'The document is empty. at 2'],
  ['{} x', 'The document root must not be followed by other values. at 3'],
  ['x', 'Invalid value. at 0'],
  ['nul', 'Invalid value. at 3'],
  ['trux', 'Invalid value. at 3'],
  ['[1,]', 'Invalid value. at 3'],
  ['-', 'Invalid value. at 1'],
  ['[', 'Invalid value. at 1'],
  ['{', 'Missing a name for object member. at 1'],
  ['{"a":1,}', 'Missing a name for object member. at 7'],
  ['{1:2}', 'Missing a name for object member. at 1'],
  ['{"a" 1}', 'Missing a colon after a name of object member. at 5'],
  ['{"a":1 "b"', 'Missing a comma or } after an object member. at 7'],
  ['{"a":1]', 'Missing a comma or } after an object member. at 6'],
  ['[1 2]', 'Missing a comma or ] after an array element. at 3'],
  ['[01]', 'Missing a comma or ] after an array element. at 2'],
  ['"a', 'Missing a closing quotation mark in string. at 2'],
  ['"\\x"', 'Invalid escape character in string. at 1'],
  ['"\\u12g4"', 'Incorrect hex digit after \\u escape in string. at 1'],
  ['"a\\ud800b"', 'The surrogate pair in string is invalid. at 2'],
  ['"\\udc00"', 'The surrogate pair in string is invalid. at 1'],
  ['"\n"', 'Invalid encoding in string. at 1'],
  ['[1e999]', 'Number too big to be stored in double. at 1'],
  ['1.', 'Miss fraction part in number. at 2'],
  ['1e', 'Miss exponent in number. at 2'],
];

for (const [text, message] of faults) {
  test(`${JSON.stringify(text)} is refused in the words of Triton's parser`, async () => {
    const { code, message: said } = await failure(text);
    assert.equal(said, `failed to parse the request JSON buffer: ${message}`);
    assert.equal(code, 'internal');
  });
}

test('numbers keep their digits, and those that JSON has no sign for are taken', async () => {
  const read = await parseJson(Buffer.from('[9223372036854775807, 1.50, -0, NaN, Inf, -Infinity]'));
  assert.ok(isArray(read));
  assert.deepEqual(
    read.map((one) => (one instanceof JsonNumber ? one.text : one)),
    ['9223372036854775807', '1.50', '-0', 'NaN', 'Inf', '-Infinity'],
  );
  assert.deepEqual(plain(read), [2 ** 63, 1.5, -0, NaN, Infinity, -Infinity]);
});

test('a text that is long goes over several turns of the loop and comes whole, escapes and all', async () => {
  const long = 'a\\u00e9\\ud83d\\ude00"\\\\'.repeat(30_000);
  let turns = 0;
  const count = (): void => {
    turns++;
    timer = setImmediate(count);
  };
  let timer = setImmediate(count);
  const read = await parse(`{"a": ${JSON.stringify(long)}}`);
  clearImmediate(timer);
  assert.deepEqual(read, { a: long });
  assert.ok(turns > 3, `${turns} turns`);
});

test('nesting, values and the digits of a number are bounded', async () => {
  assert.equal(
    (await failure('['.repeat(101))).message,
    'JSON nesting depth exceeds maximum allowed limit (100)',
  );
  await parse('['.repeat(100) + ']'.repeat(100));
  const many = await failure(`[${'0,'.repeat(valuesMax)}0]`);
  assert.match(many.message, /^request JSON has more than 1000000 values/);
  assert.match((await failure('1'.repeat(100_000))).message, /Number too big/);
});

test('a name that comes twice stays twice', async () => {
  const read = await parseJson(Buffer.from('{"a": 1, "b": 2, "a": 3}'));
  assert.ok(read instanceof JsonObject);
  assert.deepEqual(
    read.members.map(([name]) => name),
    ['a', 'b', 'a'],
  );
  assert.equal(asDouble(read.find('a') ?? null), 1);
});
