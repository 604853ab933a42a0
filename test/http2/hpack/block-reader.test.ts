import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockReader } from '../../../src/http2/hpack/block-reader.js';
import { hex, integer } from '../../support/hpack.js';

function open(bytes: Buffer): BlockReader {
  const block = new BlockReader();
  block.open(bytes, 0, bytes.length);
  return block;
}

test('every integer up to 2^31 - 1 is read as it is written, in six bytes at most', () => {
  for (const mask of [0x0f, 0x1f, 0x3f, 0x7f]) {
    for (let power = 0; power <= 31; power++) {
      const values = [2 ** power - 1, 2 ** power, 2 ** power + mask];
      for (const value of values.filter((value) => value < 2 ** 31)) {
        const bytes = integer(0x80, mask, value);
        const block = open(Buffer.concat([bytes, hex('ff')]));
        assert.equal(block.integer(mask), value);
        assert.equal(block.at, bytes.length);
        assert.ok(bytes.length <= 6);
        assert.ok(!block.broken);
      }
    }
  }
});

test('a greater integer, a longer one and one without its end are broken', () => {
  for (const digits of [
    '7f 81 ff ff ff 07',
    '7f ff ff ff ff 7f',
    '7f 80 80 80 80 80 00',
    '7f ff ff ff ff ff ff ff ff 7f',
    '7f',
    '7f 80',
    '7f 80 80 80 80',
    '',
  ]) {
    const block = open(hex(digits));
    assert.equal(block.integer(0x7f), -1, digits);
    assert.ok(block.broken);
  }
  assert.equal(open(hex('7f 80 ff ff ff 07')).integer(0x7f), 2 ** 31 - 1);
});

test('text longer than its room is not made, in either coding', () => {
  for (const digits of ['03 616161', '82 18 c7']) {
    const block = open(hex(digits));
    assert.ok(block.openText());
    assert.equal(block.text(2), undefined);
    assert.equal(block.text(-5), undefined);
    assert.equal(block.text(3), 'aaa');
    assert.ok(!block.broken);
  }
});
