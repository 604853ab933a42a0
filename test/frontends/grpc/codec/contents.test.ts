import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readContents } from '../../../../src/frontends/grpc/codec/contents.js';
import { MalformedMessage } from '../../../../src/frontends/grpc/codec/reader.js';
import { bytes, encode, int64, tensorContents, uint64, type Plain } from './schema.js';

const int32 = fc.oneof(fc.integer(), fc.constantFrom(0, -1, -(2 ** 31), 2 ** 31 - 1));
const uint32 = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1));

/** For each datatype its list, what may stand in it, and the plainest way to its raw form. */
const models: Readonly<
  Record<string, readonly [string, fc.Arbitrary<Plain>, (values: Plain[]) => Uint8Array]>
> = {
  BOOL: ['bool_contents', fc.boolean(), (all) => Uint8Array.from(all, Number)],
  INT8: ['int_contents', int32, (all) => raw(Int8Array.from(all))],
  INT16: ['int_contents', int32, (all) => raw(Int16Array.from(all))],
  INT32: ['int_contents', int32, (all) => raw(Int32Array.from(all))],
  INT64: ['int64_contents', int64.map(String), (all) => raw(BigInt64Array.from(all, BigInt))],
  UINT8: ['uint_contents', uint32, (all) => Uint8Array.from(all)],
  UINT16: ['uint_contents', uint32, (all) => raw(Uint16Array.from(all))],
  UINT32: ['uint_contents', uint32, (all) => raw(Uint32Array.from(all))],
  UINT64: ['uint64_contents', uint64.map(String), (all) => raw(BigUint64Array.from(all, BigInt))],
  FP32: ['fp32_contents', fc.float(), (all) => raw(Float32Array.from(all))],
  FP64: ['fp64_contents', fc.double(), (all) => raw(Float64Array.from(all))],
  BYTES: ['bytes_contents', bytes, (all) => Buffer.concat(all.flatMap((one) => [lengthOf(one), one]))],
};

function raw(array: { buffer: ArrayBufferLike; byteOffset: number; byteLength: number }): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function lengthOf(one: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(one.byteLength);
  return length;
}

function expectRaw(message: Buffer, datatype: string, expected: Uint8Array): void {
  const contents = readContents(message, datatype);
  assert.equal(contents.kind, 'raw');
  if (contents.kind === 'raw') assert.deepEqual(Buffer.from(contents.data), Buffer.from(raw(expected)));
}

for (const [datatype, [field, value, toRaw]] of Object.entries(models)) {
  test(`typed ${datatype} elements come to their raw form, in one list or in several`, () => {
    const many = fc.array(fc.array(value, { maxLength: 9 }), { maxLength: 4 });
    fc.assert(
      fc.property(many, fc.boolean(), (pieces, unpacked) => {
        const apart = unpacked ? pieces.flat().map((one) => [one]) : pieces;
        const message = Buffer.concat(apart.map((piece) => list(field, piece, unpacked)));
        expectRaw(message, datatype, toRaw(pieces.flat()));
      }),
      { numRuns: 200 },
    );
  });
}

/** One occurrence of a list; unpacked, its one element stands alone. */
function list(field: string, values: Plain[], unpacked: boolean): Buffer {
  const message = encode(tensorContents, { [field]: values });
  if (!unpacked || field === 'bytes_contents' || values.length === 0) return message;
  const types: Readonly<Record<string, number>> = { fp32_contents: 5, fp64_contents: 1 };
  const type = types[field] ?? 0;
  // Tag, length of one byte, element.
  return Buffer.concat([Buffer.from([(message[0]! & ~7) | type]), message.subarray(2)]);
}

test('a datatype has one list, and elements in another are a mismatch', () => {
  const fields = [...new Set(Object.values(models).map(([field]) => field))];
  const one: Readonly<Record<string, Plain>> = { bool_contents: true, bytes_contents: Buffer.from('x') };
  for (const [datatype, [own]] of Object.entries(models)) {
    for (const field of fields) {
      const contents = readContents(encode(tensorContents, { [field]: [one[field] ?? 1] }), datatype);
      assert.equal(contents.kind, field === own ? 'raw' : 'mismatch', `${field} for ${datatype}`);
    }
  }
  for (const datatype of ['FP16', 'BF16', '', 'FLOAT']) {
    assert.equal(readContents(encode(tensorContents, { fp32_contents: [1] }), datatype).kind, 'mismatch');
  }
});

test('no elements are no data, whatever the datatype', () => {
  for (const datatype of [...Object.keys(models), 'FP16', 'other']) {
    expectRaw(Buffer.alloc(0), datatype, new Uint8Array(0));
    expectRaw(Buffer.from('3200', 'hex'), datatype, new Uint8Array(0));
  }
});

test('a list that is cut within an element is refused', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(models)), fc.context(), (datatype, context) => {
      const [field, value] = models[datatype]!;
      const [element] = fc.sample(value, 1);
      const message = encode(tensorContents, { [field]: [element] });
      for (let cut = 1; cut < message.byteLength; cut++) {
        context.log(`${datatype} cut at ${cut}`);
        assert.throws(() => readContents(message.subarray(0, cut), datatype), MalformedMessage);
      }
    }),
  );
});

test('packed floats whose length is no multiple of their size are refused', () => {
  assert.throws(() => readContents(Buffer.from('3203000000', 'hex'), 'FP32'), MalformedMessage);
  assert.throws(() => readContents(Buffer.from('3a0400000000', 'hex'), 'FP64'), MalformedMessage);
});
