import assert from 'node:assert/strict';
import { tensorError } from '../../../../src/frontends/http/codec/json-tensor.js';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readInferRequest } from '../../../../src/frontends/http/codec/infer-request.js';
import { JsonReader } from '../../../../src/frontends/http/codec/json-reader.js';
import type { JsonValue } from '../../../../src/frontends/http/codec/json-value.js';
import { JsonText, writeTensor } from '../../../../src/frontends/http/codec/json-writer.js';
import { joinBytes } from '../../../../src/tensors/bytes.js';
import { elementBytes, type Datatype } from '../../../../src/tensors/datatype.js';

const limits = { tensorBytesMax: 2 ** 26 };

/** The tensor's bytes, read from the text of a request. */
function readData(datatype: Datatype, count: number, data: string): Uint8Array {
  const text = `{"inputs":[{"name":"x","datatype":"${datatype}","shape":[${count}],"data":${data}}]}`;
  const { inputs } = readInferRequest(Buffer.from(text), limits);
  const tensor = typeof inputs === 'string' ? undefined : inputs[0]?.data;
  if (tensor?.kind === 'data') return tensor.data;
  if (tensor?.kind === 'failed') throw tensorError(tensor);
  return new Uint8Array(0);
}

function written(datatype: Datatype, count: number, data: Uint8Array): string {
  const text = new JsonText();
  writeTensor({ name: 'x', datatype, shape: [count], data }, text);
  return Buffer.concat(text.pieces()).toString();
}

const numeric: readonly Datatype[] = [
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP32',
  'FP64',
];

/** NaNs are one in JSON: their payload is not kept. */
function withPlainNans(datatype: Datatype, data: Uint8Array): Uint8Array {
  if (datatype === 'FP32') return new Uint8Array(new Float32Array(data.buffer).map((value) => value).buffer);
  return data;
}

for (const datatype of numeric) {
  test(`${datatype} that was written is read bit by bit as it was`, () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 8, maxLength: 8 }), { maxLength: 40 }), (groups) => {
        const data = new Uint8Array(Buffer.concat(groups));
        const count = data.byteLength / elementBytes[datatype];
        const view = new DataView(data.buffer);
        for (let i = 0; i < count; i++) {
          if (datatype === 'FP32' && Number.isNaN(view.getFloat32(i * 4, true)))
            view.setFloat32(i * 4, 1.5, true);
          if (datatype === 'FP64' && Number.isNaN(view.getFloat64(i * 8, true)))
            view.setFloat64(i * 8, 1.5, true);
        }
        assert.deepEqual(
          readData(datatype, count, written(datatype, count, data)),
          withPlainNans(datatype, data),
        );
      }),
      { seed: 1, numRuns: 500 },
    );
  });
}

test('BOOL that was written is read as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean()), (values) => {
      const data = Uint8Array.from(values, Number);
      assert.deepEqual(readData('BOOL', data.length, written('BOOL', data.length, data)), data);
    }),
    { seed: 1 },
  );
});

test('BYTES that were written are read as they were', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
      const data = joinBytes(texts.map((text) => Buffer.from(text)));
      const { length } = texts;
      assert.deepEqual(
        Buffer.from(readData('BYTES', length, written('BYTES', length, data))),
        Buffer.from(data),
      );
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('NaN and the infinities go through', () => {
  const data = new Uint8Array(new Float64Array([Number.NaN, Infinity, -Infinity, -0]).buffer);
  assert.equal(written('FP64', 4, data), '[NaN,Infinity,-Infinity,-0.0]');
  assert.deepEqual(readData('FP64', 4, written('FP64', 4, data)), data);
});

test('numbers are written as Triton writes them', () => {
  const values: [number, string][] = [
    [1, '1.0'],
    [0.1, '0.10000000149011612'],
    [-2.5, '-2.5'],
    [1e20, '100000002004087730000.0'],
    [1e30, '1.0000000150474662e30'],
    [1e-7, '1.0000000116860974e-7'],
    [0, '0.0'],
  ];
  const data = new Uint8Array(Float32Array.from(values, ([value]) => value).buffer);
  assert.equal(written('FP32', values.length, data), `[${values.map(([, text]) => text).join(',')}]`);
});

// A twin that is plainly right where JSON.parse is.

/** A value of JSON.parse from ours. */
function toPlain(value: JsonValue): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(toPlain);
  if (value instanceof Map) {
    return Object.fromEntries(
      [...(value as ReadonlyMap<string, JsonValue>)].map(([name, one]) => [name, toPlain(one)]),
    );
  }
  if (value !== null && typeof value === 'object') return (value as { double: number }).double;
  return value;
}

function parse(text: string): unknown {
  const reader = new JsonReader(Buffer.from(text));
  let value: JsonValue = null;
  reader.document(() => (value = reader.value()));
  return toPlain(value);
}

test('any JSON is read as JSON.parse reads it, with white space wherever it may be', () => {
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 8, stringUnit: 'binary' }),
      fc.constantFrom('', ' ', '\t', ' \r\n'),
      (json, space) => {
        const text = JSON.stringify(JSON.parse(json), undefined, space);
        assert.deepEqual(parse(text), JSON.parse(text));
        const skipping = new JsonReader(Buffer.from(text));
        skipping.document(() => skipping.skip());
      },
    ),
    { seed: 1, numRuns: 3000 },
  );
});

test('what JSON.parse refuses is refused, wherever a text was broken', () => {
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 4 }),
      fc.nat(),
      fc.constantFrom(...'{}[]",:\\u0x1.-e tn'.split('')),
      (json, place, letter) => {
        const at = place % (json.length + 1);
        const text = json.slice(0, at) + letter + json.slice(at + 1);
        let expected: unknown;
        let refused = false;
        try {
          expected = JSON.parse(text);
        } catch {
          refused = true;
        }
        // A lone half of a pair is what only the wider of the two takes.
        if (/\\u[dD][89a-fA-F]/.test(text)) return;
        // Nor is a number that no double holds.
        if (/[eE]\+?(0*[3-9]\d\d|0*[1-9]\d{3})/.test(text)) return;
        if (refused) assert.throws(() => parse(text), /failed to parse/, text);
        else assert.deepEqual(parse(text), expected, text);
      },
    ),
    { seed: 2, numRuns: 5000 },
  );
});

type Nested = number | readonly Nested[];
const { nested } = fc.letrec<{ nested: Nested }>((tie) => ({
  nested: fc.oneof(
    { maxDepth: 5 },
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('nested')),
  ),
}));

test('data is read however it nests', () => {
  fc.assert(
    fc.property(fc.array(nested), (data) => {
      const flat = (data as unknown[]).flat(Infinity) as number[];
      const expected = new Uint8Array(
        Float64Array.from(flat, (value) => (Object.is(value, -0) ? 0 : value)).buffer,
      );
      assert.deepEqual(readData('FP64', flat.length, JSON.stringify(data)), expected);
    }),
    { seed: 3, numRuns: 1000 },
  );
});

test('64-bit integers are exact to the last digit, and those beyond are refused', () => {
  const around = fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n });
  for (const [datatype, min, max] of [
    ['INT64', -(2n ** 63n), 2n ** 63n - 1n],
    ['UINT64', 0n, 2n ** 64n - 1n],
  ] as const) {
    fc.assert(
      fc.property(
        fc.oneof(around, fc.constantFrom(min, max, min - 1n, max + 1n, -1n, 2n ** 53n + 1n)),
        (value) => {
          const read = (): Uint8Array => readData(datatype, 1, `[${value}]`);
          if (value < min || value > max)
            assert.throws(read, /attempt to access JSON non-(un)?signed-integer/);
          else assert.equal(BigInt.asUintN(64, value), new DataView(read().buffer).getBigUint64(0, true));
        },
      ),
      { seed: 4, numRuns: 2000 },
    );
  }
});

test('a narrow integer is read as it is, or refused where its datatype does not hold it', () => {
  const ranges = {
    INT8: [-(2 ** 7), 2 ** 7 - 1],
    INT16: [-(2 ** 15), 2 ** 15 - 1],
    INT32: [-(2 ** 31), 2 ** 31 - 1],
    UINT8: [0, 2 ** 8 - 1],
    UINT16: [0, 2 ** 16 - 1],
    UINT32: [0, 2 ** 32 - 1],
  } as const;
  for (const [datatype, [least, most]] of Object.entries(ranges)) {
    const near = [
      least - 1,
      least,
      least + 1,
      -1,
      0,
      1,
      most - 1,
      most,
      most + 1,
      most * 2 + 1,
      2 ** 32,
      2 ** 53,
    ].filter((value) => least < 0 || value >= 0);
    for (const value of near) {
      const read = (): Uint8Array => readData(datatype as Datatype, 1, `[${value}]`);
      if (value < least || value > most) {
        assert.throws(read, {
          code: 'invalid-argument',
          message: `Unable to parse 'data': ${value} is out of the range of ${datatype}`,
        });
      } else {
        assert.equal(written(datatype as Datatype, 1, read()), `[${value}]`);
      }
    }
  }
});
