import * as fc from 'fast-check';
import protobuf from 'protobufjs';
import { bytes, int64, name, uint64 } from './schema.js';

/** Arbitraries of protobuf fields as they may stand on the wire, one field to a piece. */

function piece(field: number, type: number, write: (writer: protobuf.Writer) => protobuf.Writer): Buffer {
  return Buffer.from(write(protobuf.Writer.create().uint32(((field << 3) | type) >>> 0)).finish());
}

const varint = (field: number, value: bigint): Buffer =>
  Buffer.concat([piece(field, 0, same), digits(value)]);
const delimited = (field: number, value: Uint8Array): Buffer =>
  piece(field, 2, (writer) => writer.bytes(value));
const text = (field: number): fc.Arbitrary<Buffer> =>
  name.map((value) => delimited(field, Buffer.from(value)));

const same = (writer: protobuf.Writer): protobuf.Writer => writer;

/** A varint of 64 bits. */
function digits(value: bigint): Buffer {
  const all: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 0x80n; rest >>= 7n) all.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...all, Number(rest)]);
}

/** A message out of such pieces, in any order, each any number of times. */
function message(pieces: readonly fc.Arbitrary<Buffer>[], maxLength = 6): fc.Arbitrary<Buffer> {
  return fc.array(fc.oneof(...pieces), { maxLength }).map((all) => Buffer.concat(all));
}

const unknownNumber = fc.oneof(fc.integer({ min: 50, max: 3000 }), fc.constantFrom(2 ** 28, 2 ** 29 - 1));

const { unknown } = fc.letrec<{ unknown: Buffer }>((tie) => ({
  unknown: fc.oneof(
    { maxDepth: 3 },
    fc.tuple(unknownNumber, uint64).map(([field, value]) => varint(field, value)),
    fc.tuple(unknownNumber, bytes).map(([field, value]) => delimited(field, value)),
    fc
      .tuple(unknownNumber, fc.double())
      .map(([field, value]) => piece(field, 1, (writer) => writer.double(value))),
    fc
      .tuple(unknownNumber, fc.float())
      .map(([field, value]) => piece(field, 5, (writer) => writer.float(value))),
    fc
      .tuple(unknownNumber, fc.array(tie('unknown'), { maxLength: 3 }))
      .map(([field, inner]) => Buffer.concat([piece(field, 3, same), ...inner, piece(field, 4, same)])),
  ),
}));

const safeInt = fc.oneof(fc.integer({ min: -3, max: 300 }), fc.maxSafeInteger()).map(BigInt);

/** Packed integers. */
const packed = (field: number, numbers: fc.Arbitrary<bigint>): fc.Arbitrary<Buffer> =>
  fc.array(numbers, { maxLength: 4 }).map((all) => delimited(field, Buffer.concat(all.map(digits))));

/** Several members of the oneof may be set; the last one counts. */
const parameter = message([
  fc.boolean().map((value) => varint(1, BigInt(value))),
  int64.map((value) => varint(2, value)),
  text(3),
  fc.double().map((value) => piece(4, 1, (writer) => writer.double(value))),
  uint64.map((value) => varint(5, value)),
  unknown,
]);

/** An entry of a map: key and value in any order, either of them missing, keys that come again. */
const entry = (field: number): fc.Arbitrary<Buffer> =>
  fc
    .record({
      key: fc.option(fc.constantFrom('', 'a', 'b', 'größe')),
      value: fc.option(parameter),
      other: fc.option(unknown),
      turned: fc.boolean(),
    })
    .map(({ key, value, other, turned }) => {
      const pieces = [
        ...(key === null ? [] : [delimited(1, Buffer.from(key))]),
        ...(other === null ? [] : [other]),
        ...(value === null ? [] : [delimited(2, value)]),
      ];
      return delimited(field, Buffer.concat(turned ? pieces.toReversed() : pieces));
    });

const contents = message([
  packed(1, fc.constantFrom(0n, 1n)),
  packed(2, fc.integer().map(BigInt)),
  fc.integer().map((value) => varint(2, BigInt(value))),
  packed(3, int64),
  int64.map((value) => varint(3, value)),
  packed(5, uint64),
  fc.float().map((value) => piece(6, 5, (writer) => writer.float(value))),
  bytes.map((value) => delimited(8, value)),
  unknown,
]);

const input = message(
  [
    text(1),
    text(2),
    safeInt.map((value) => varint(3, value)),
    packed(3, safeInt),
    entry(4),
    contents.map((value) => delimited(5, value)),
    unknown,
  ],
  10,
);

const output = message([text(1), entry(2), unknown]);

/** The top-level fields of a ModelInferRequest. */
export const requestPieces: fc.Arbitrary<Buffer[]> = fc.array(
  fc.oneof(
    text(1),
    text(2),
    text(3),
    entry(4),
    input.map((value) => delimited(5, value)),
    output.map((value) => delimited(6, value)),
    bytes.map((value) => delimited(7, value)),
    unknown,
  ),
  { maxLength: 12 },
);
