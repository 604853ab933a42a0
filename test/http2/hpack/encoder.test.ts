import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder } from '../../../src/http2/hpack/decoder.js';
import { blockBytesMax, HpackEncoder, repeated } from '../../../src/http2/hpack/encoder.js';
import { Field } from '../../../src/http2/hpack/field.js';
import { decoded, hex, indexed, literal, sizeUpdate } from '../../support/hpack.js';

function encode(encoder: HpackEncoder, ...fields: Field[]): Buffer {
  const target = Buffer.alloc(blockBytesMax(fields) + 3);
  return target.subarray(3, encoder.encode(fields, target, 3));
}

const contentType = repeated('content-type', 'application/grpc');
const status = repeated('grpc-status', '0');
const ok = repeated(':status', '200');
const contentTypeLiteral = literal({ name: 31, value: 'application/grpc' });

test('a repeated field costs one byte from the second time on', () => {
  const encoder = new HpackEncoder();
  assert.deepEqual(encode(encoder, ok, contentType), Buffer.concat([hex('88'), contentTypeLiteral]));
  assert.deepEqual(encode(encoder, status), literal({ name: 'grpc-status', value: '0' }));
  assert.deepEqual(encode(encoder, ok, contentType), hex('88 bf'));
  assert.deepEqual(encode(encoder, status), hex('be'));
});

test('a field that is not repeated is a literal without indexing, however often it is sent', () => {
  const encoder = new HpackEncoder();
  const field = new Field('grpc-status', '0');
  for (let n = 0; n < 2; n++) {
    assert.deepEqual(encode(encoder, field), literal({ mode: 'plain', name: 'grpc-status', value: '0' }));
  }
  encode(encoder, status);
  assert.deepEqual(encode(encoder, field), literal({ mode: 'plain', name: 'grpc-status', value: '0' }));
});

test('a field of the static table is one byte, made for repetition or not', () => {
  const encoder = new HpackEncoder();
  assert.deepEqual(encode(encoder, repeated(':status', '404'), new Field(':status', '404')), hex('8d 8d'));
  assert.deepEqual(
    encode(encoder, new Field(':status', '418')),
    literal({ mode: 'plain', name: 8, value: '418' }),
  );
});

test('when the peer takes no table, repeated fields are literals without indexing', () => {
  const encoder = new HpackEncoder();
  encode(encoder, contentType);
  encoder.setTableBytes(0);
  const plain = literal({ mode: 'plain', name: 31, value: 'application/grpc' });
  assert.deepEqual(encode(encoder, ok, contentType), Buffer.concat([sizeUpdate(0), hex('88'), plain]));
  assert.deepEqual(encode(encoder, contentType), plain);
});

test('a table that becomes larger again is used again', () => {
  const encoder = new HpackEncoder();
  encode(encoder, contentType);
  encoder.setTableBytes(0);
  encode(encoder);
  encoder.setTableBytes(200);
  assert.deepEqual(encode(encoder, contentType), Buffer.concat([sizeUpdate(200), contentTypeLiteral]));
  assert.deepEqual(encode(encoder, contentType), indexed(62));
});

test('of several sizes between two blocks the smallest and the last are written', () => {
  const encoder = new HpackEncoder();
  encode(encoder, contentType);
  for (const bytes of [500, 10, 30, 1000]) encoder.setTableBytes(bytes);
  assert.deepEqual(
    encode(encoder, contentType),
    Buffer.concat([sizeUpdate(10), sizeUpdate(1000), contentTypeLiteral]),
  );
  assert.deepEqual(encode(encoder, contentType), indexed(62));
});

test('a size that was left and taken again is written, since its entries are gone', () => {
  const encoder = new HpackEncoder();
  encode(encoder, contentType);
  encoder.setTableBytes(0);
  encoder.setTableBytes(4096);
  assert.deepEqual(
    encode(encoder, contentType),
    Buffer.concat([sizeUpdate(0), sizeUpdate(4096), contentTypeLiteral]),
  );
});

test('no more than 4096 bytes are used and nothing is written where they stay', () => {
  const encoder = new HpackEncoder();
  encoder.setTableBytes(2 ** 32 - 1);
  encoder.setTableBytes(4096);
  assert.deepEqual(encode(encoder, ok), hex('88'));
});

test('entries that had to leave the table are inserted again', () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder({ tableBytes: 4096, listBytes: 65_536 });
  const fields = Array.from({ length: 40 }, (_, n) => repeated(`x-${n}`, 'v'.repeat(100)));
  const expected = fields.map(({ name, value }) => [name, value]);
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(decoded(decoder, encode(encoder, ...fields)), expected);
  }
});

test('a repeated field larger than the table is a literal that leaves the table as it is', () => {
  const encoder = new HpackEncoder();
  const large = repeated('x-large', 'x'.repeat(5000));
  encode(encoder, contentType);
  assert.deepEqual(
    encode(encoder, large),
    literal({ mode: 'plain', name: 'x-large', value: 'x'.repeat(5000) }),
  );
  assert.deepEqual(encode(encoder, contentType), indexed(62));
});

test('a block with its size updates fits into the room foretold, and no octet is written beyond its end', () => {
  for (const length of [0, 1, 23, 24, 25, 126, 127, 128, 20_000]) {
    const encoder = new HpackEncoder();
    encoder.setTableBytes(0);
    encoder.setTableBytes(4095);
    const field = repeated('n'.repeat(length), '\u00ff'.repeat(length));
    const target = Buffer.alloc(blockBytesMax([field]) + 10, 0x55);
    const end = encoder.encode([field], target, 0);
    assert.ok(end <= blockBytesMax([field]));
    assert.ok(target.subarray(end).every((octet) => octet === 0x55));
    const decoder = new HpackDecoder({ tableBytes: 4096, listBytes: 65_536 });
    assert.deepEqual(decoded(decoder, target.subarray(0, end)), [[field.name, field.value]]);
  }
});
