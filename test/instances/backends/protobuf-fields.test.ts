import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  editFields,
  readFields,
  writeField,
  writeNumber,
} from '../../../src/instances/backends/protobuf-fields.js';

/** field 1: 300; field 2: "abc"; field 3: 8 bytes; field 4: 4 bytes; field 2: "" */
const message = Buffer.from(
  '08ac02 1203616263 190102030405060708 2501020304 1200'.replaceAll(' ', ''),
  'hex',
);

test('a message is split into its fields, whatever their form', () => {
  const fields = [...readFields(message)].map(({ number, whole, body }) => [
    number,
    whole.byteLength,
    body?.byteLength,
  ]);
  assert.deepEqual(fields, [
    [1, 3, undefined],
    [2, 5, 3],
    [3, 9, undefined],
    [4, 5, undefined],
    [2, 2, 0],
  ]);
});

test('an edit that changes nothing gives the same message back', () => {
  assert.equal(
    editFields(message, (_, body) => body),
    message,
  );
});

test('a varint is read as a number, and what is left out is gone', () => {
  assert.deepEqual(
    [...readFields(message)].map(({ value }) => value),
    [300, undefined, undefined, undefined, undefined],
  );
  const shorter = editFields(message, (_, body) => (body.byteLength === 0 ? undefined : body));
  assert.deepEqual(Buffer.from(shorter), message.subarray(0, message.byteLength - 2));
});

test('fields that were written are read back', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 28 }),
      fc.maxSafeNat(),
      fc.uint8Array(),
      (number, value, body) => {
        const [first, second] = readFields(
          Buffer.concat([writeNumber(number, value), writeField(number, body)]),
        );
        assert.deepEqual([first!.number, first!.value], [number, value]);
        assert.deepEqual([second!.number, [...second!.body!]], [number, [...body]]);
      },
    ),
  );
});

test('bodies that were replaced are found in the result, of any length, and all else is kept', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (body) => {
      const edited = editFields(message, () => body);
      const fields = [...readFields(edited)];
      assert.deepEqual(
        fields.map(({ number }) => number),
        [1, 2, 3, 4, 2],
      );
      for (const index of [1, 4]) assert.deepEqual([...(fields[index]?.body ?? [])], [...body]);
      assert.deepEqual([...(fields[2]?.whole ?? [])], [...message.subarray(8, 17)]);
    }),
  );
});

test('what is no message throws and never hangs', () => {
  assert.throws(() => [...readFields(Uint8Array.from([0x12, 5, 1]))], /goes beyond its message/);
  assert.throws(() => [...readFields(Uint8Array.from([0x0b]))], /unexpected wire type 3/);
  assert.throws(() => [...readFields(Uint8Array.from([0x08, 0x80]))], /has no end/);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        const total = [...readFields(bytes)].reduce((sum, { whole }) => sum + whole.byteLength, 0);
        assert.equal(total, bytes.byteLength);
      } catch (error) {
        assert.match(String(error), /at byte \d+/);
      }
    }),
  );
});
