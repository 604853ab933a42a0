import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder, type DecodeFailure } from '../../../src/http2/hpack/decoder.js';
import type { Field } from '../../../src/http2/hpack/field.js';
import { decoded, hex, indexed, literal, sizeUpdate } from '../../support/hpack.js';

const options = { tableBytes: 4096, listBytes: 16_384 };

function decode(decoder: HpackDecoder, ...parts: Buffer[]): readonly Field[] | DecodeFailure {
  const block = Buffer.concat(parts);
  return decoder.decode(block, 0, block.length);
}

test('a block of the same fields gives the same list again', () => {
  const decoder = new HpackDecoder(options);
  decoded(decoder, literal({ name: 'a', value: '1' }));
  const first = decode(decoder, indexed(2), indexed(62));
  assert.equal(decode(decoder, indexed(2), indexed(62)), first);
  assert.notEqual(decode(decoder, indexed(2)), first);
  const again = decode(decoder, indexed(2), indexed(62));
  assert.equal(decode(decoder, indexed(2), indexed(62)), again);
});

test('the same bytes give another list when an insertion has moved the indices', () => {
  const decoder = new HpackDecoder(options);
  decoded(decoder, literal({ name: 'a', value: '1' }));
  assert.deepEqual(decoded(decoder, indexed(62)), [['a', '1']]);
  decoded(decoder, literal({ name: 'b', value: '2' }));
  assert.deepEqual(decoded(decoder, indexed(62)), [['b', '2']]);
  decoded(decoder, sizeUpdate(0));
  assert.equal(decode(decoder, indexed(62)), 'compression');
});

test('a list with a literal in it is not kept', () => {
  const decoder = new HpackDecoder(options);
  const first = decode(decoder, literal({ name: 'a', value: '1' }));
  const second = decode(decoder, indexed(62));
  assert.notEqual(second, first);
  assert.equal(decode(decoder, indexed(62)), second);
});

test('a literal with the index of the last field is not taken for that field', () => {
  for (const digits of ['02', '12', '42', '22']) {
    const decoder = new HpackDecoder(options);
    decode(decoder, indexed(2));
    assert.notDeepEqual(decoded(decoder, hex(digits)), [[':method', 'GET']], digits);
  }
});

test('the first byte of a longer index is not taken for a field', () => {
  const decoder = new HpackDecoder(options);
  for (let n = 0; n < 70; n++) decode(decoder, literal({ name: 'n', value: String(n) }));
  assert.deepEqual(decoded(decoder, hex('ff 00')), [['n', '4']]);
  assert.equal(decode(decoder, hex('ff')), 'compression');
});
