import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder, type DecodeFailure } from '../../../src/http2/hpack/decoder.js';
import type { Field } from '../../../src/http2/hpack/field.js';
import {
  bits,
  decoded,
  hex,
  huffmanCoded,
  huffmanCodes,
  indexed,
  integer,
  literal,
  sizeUpdate,
  tableOf,
  text,
} from '../../support/hpack.js';

function newDecoder({ tableBytes = 4096, listBytes = 16_384 } = {}): HpackDecoder {
  return new HpackDecoder({ tableBytes, listBytes });
}

function decode(decoder: HpackDecoder, ...parts: Buffer[]): readonly Field[] | DecodeFailure {
  const block = Buffer.concat(parts);
  return decoder.decode(block, 0, block.length);
}

test('an empty block is an empty list', () => {
  assert.deepEqual(decoded(newDecoder()), []);
});

test('only the bytes of the block are read', () => {
  const block = literal({ name: 'a', value: 'b' });
  const around = Buffer.concat([hex('ffff'), block, indexed(2), hex('ff')]);
  const decoder = newDecoder();
  const fields = decoder.decode(around, 2, 2 + block.length) as readonly Field[];
  assert.deepEqual(
    fields.map(({ name, value }) => [name, value]),
    [['a', 'b']],
  );
});

test('all 61 entries of the static table and no others are there at the start', () => {
  const decoder = newDecoder();
  for (let index = 1; index <= 61; index++) assert.equal(decode(decoder, indexed(index)).length, 1);
  assert.deepEqual(decoded(decoder, indexed(1), indexed(61)), [
    [':authority', ''],
    ['www-authenticate', ''],
  ]);
  for (const index of [0, 62, 126, 127, 128, 5000, 2 ** 31 - 1]) {
    assert.equal(decode(decoder, indexed(index)), 'compression', `index ${index}`);
  }
});

test('an indexed field is the very object that the table holds', () => {
  const decoder = newDecoder();
  const [inserted] = decode(decoder, literal({ name: 'a', value: 'b' })) as readonly Field[];
  inserted!.mark = 7;
  const [found] = decode(decoder, indexed(62)) as readonly Field[];
  assert.equal(found, inserted);
  assert.equal(found!.mark, 7);
  assert.equal(found!.size, 34);
});

test('a literal whose name has an index beyond the table is refused', () => {
  for (const mode of ['insert', 'plain', 'never'] as const) {
    assert.equal(decode(newDecoder(), literal({ mode, name: 62, value: 'x' })), 'compression');
    assert.deepEqual(decoded(newDecoder(), literal({ mode, name: 61, value: 'x' })), [
      ['www-authenticate', 'x'],
    ]);
  }
});

test('every shortened block is refused, or holds the fields before the cut', () => {
  const parts = [
    sizeUpdate(3000),
    indexed(2),
    literal({ name: 'long-name', value: 'x'.repeat(200) }),
    literal({ mode: 'plain', name: 4, value: '/a/b', huffman: true }),
    literal({ mode: 'never', name: 'secret', value: 'word', huffman: true }),
    indexed(62),
  ];
  const block = Buffer.concat(parts);
  const all = decoded(newDecoder(), block);
  const borders = parts.map((_, n) => Buffer.concat(parts.slice(0, n)).length);
  for (let end = 0; end < block.length; end++) {
    const got = decoded(newDecoder(), block.subarray(0, end));
    const whole = borders.indexOf(end);
    if (whole < 0) assert.equal(got, 'compression', `cut at ${end}`);
    else assert.deepEqual(got, all.slice(0, Math.max(whole - 1, 0)), `cut at ${end}`);
  }
});

test('an integer above 2^31 - 1 or longer than six bytes is refused', () => {
  for (const digits of [
    // As an index, a length and a table size.
    'ff 81 ff ff ff 07',
    'ff 80 80 80 80 08',
    'ff ff ff ff ff ff ff ff ff 7f',
    'ff 80 80 80 80 80 00',
    '00 7f 80 80 80 80 08',
    '00 01 61 7f ff ff ff ff ff ff 01',
    '3f 80 80 80 80 08',
    '3f e1 ff ff ff ff ff ff ff 00',
    'ff',
    'ff 80',
  ]) {
    assert.equal(decode(newDecoder(), hex(digits)), 'compression', digits);
  }
});

test('an integer may carry zeros behind it as long as it has six bytes at most', () => {
  assert.deepEqual(decoded(newDecoder(), hex('40 01 61 7f 81 80 80 80 00'), Buffer.alloc(128, 'b')), [
    ['a', 'b'.repeat(128)],
  ]);
});

test('a string that reaches beyond the block is refused', () => {
  assert.equal(decode(newDecoder(), hex('00 05 61 61')), 'compression');
  assert.equal(decode(newDecoder(), hex('00 01 61 85 ff')), 'compression');
  assert.equal(decode(newDecoder(), hex('00 01 61 7f ff ff ff 7f 61')), 'compression');
});

test('a Huffman-coded string with EOS in it or wrong padding is refused, short or long, as name and value', () => {
  const long = huffmanCoded('0'.repeat(160));
  for (const wrong of [bits(huffmanCodes[256]!), hex('ff'), hex('f8 00')]) {
    for (const raw of [wrong, Buffer.concat([long, wrong])]) {
      const coded = Buffer.concat([integer(0x80, 0x7f, raw.length), raw]);
      assert.equal(decode(newDecoder(), hex('40'), coded, text('v')), 'compression');
      assert.equal(decode(newDecoder(), hex('40'), text('n'), coded), 'compression');
      assert.equal(decode(newDecoder(), hex('10'), text('n'), coded), 'compression');
    }
  }
});

test('octets above 127 are latin1 text', () => {
  const value = '\u00e9\u0080\u00ff\u0000';
  for (const huffman of [false, true]) {
    assert.deepEqual(decoded(newDecoder(), literal({ name: 'a', value, huffman })), [['a', value]]);
  }
});

test('the oldest entries leave the table when a new one needs their room', () => {
  const decoder = newDecoder();
  decoded(decoder, sizeUpdate(102));
  for (const name of ['a', 'b', 'c', 'd']) decoded(decoder, literal({ name, value: '1' }));
  assert.deepEqual(tableOf(decoder), [
    ['d', '1'],
    ['c', '1'],
    ['b', '1'],
  ]);
  decoded(decoder, literal({ name: 'e', value: '12' }));
  assert.deepEqual(tableOf(decoder), [
    ['e', '12'],
    ['d', '1'],
  ]);
});

test('an entry larger than the table empties it and is no error', () => {
  const decoder = newDecoder();
  decoded(decoder, sizeUpdate(100), literal({ name: 'a', value: '1' }));
  assert.deepEqual(decoded(decoder, literal({ name: 'b', value: 'x'.repeat(68) })), [['b', 'x'.repeat(68)]]);
  assert.deepEqual(tableOf(decoder), []);
  decoded(decoder, literal({ name: 'b', value: 'x'.repeat(67) }));
  assert.equal(tableOf(decoder).length, 1);
});

test('a name may come from the entry that its own insertion evicts', () => {
  const decoder = newDecoder();
  decoded(decoder, sizeUpdate(50), literal({ name: 'name', value: 'old' }));
  assert.deepEqual(decoded(decoder, literal({ name: 62, value: 'newer' })), [['name', 'newer']]);
  assert.deepEqual(tableOf(decoder), [['name', 'newer']]);
});

test('a table of thousands of insertions holds the newest that fit', () => {
  const decoder = newDecoder();
  for (let n = 0; n < 3000; n++) decoded(decoder, literal({ name: 'n', value: String(n).padStart(7, '0') }));
  const held = tableOf(decoder).map(([, value]) => Number(value));
  assert.deepEqual(
    held,
    Array.from({ length: 102 }, (_, age) => 2999 - age),
  );
});

test('several size updates may stand at the start of a block, and smaller ones evict', () => {
  const decoder = newDecoder();
  decoded(decoder, literal({ name: 'a', value: '1' }), literal({ name: 'b', value: '1' }));
  assert.deepEqual(decoded(decoder, sizeUpdate(40), sizeUpdate(4096), indexed(62)), [['b', '1']]);
  assert.deepEqual(tableOf(decoder), [['b', '1']]);
  assert.deepEqual(decoded(decoder, sizeUpdate(0), sizeUpdate(0), sizeUpdate(4096)), []);
  assert.deepEqual(tableOf(decoder), []);
});

test('a size update behind a field is refused', () => {
  assert.equal(decode(newDecoder(), indexed(2), sizeUpdate(100)), 'compression');
  assert.equal(
    decode(newDecoder(), sizeUpdate(9), literal({ name: 'a', value: '' }), sizeUpdate(9)),
    'compression',
  );
});

test('a size update above what was announced is refused', () => {
  for (const tableBytes of [0, 100, 4096, 65_536]) {
    assert.deepEqual(decoded(newDecoder({ tableBytes }), sizeUpdate(tableBytes)), []);
    assert.equal(decode(newDecoder({ tableBytes }), sizeUpdate(tableBytes + 1)), 'compression');
  }
});

test('a table starts with 4096 bytes whatever was announced', () => {
  for (const tableBytes of [0, 65_536]) {
    const decoder = newDecoder({ tableBytes });
    for (let n = 0; n < 200; n++) decoded(decoder, literal({ name: 'n', value: 'x'.repeat(31) }));
    assert.equal(tableOf(decoder).length, 64);
  }
});

test('a list takes at most what was announced, counted with 32 bytes for each field', () => {
  const decoder = newDecoder({ listBytes: 100 });
  const field = literal({ mode: 'plain', name: 'n', value: 'x'.repeat(17) });
  assert.equal(decode(decoder, field, field).length, 2);
  assert.equal(decode(decoder, field, literal({ name: 'n', value: 'x'.repeat(18) })), 'too-large');
  assert.equal(decode(decoder, field, field, indexed(2)), 'too-large');
  assert.equal(decode(decoder, field, field).length, 2);
});

test('after a list too large the table is in step', () => {
  for (const huffman of [false, true]) {
    const decoder = newDecoder({ listBytes: 100 });
    const large = 'x'.repeat(3000);
    const fields = [
      literal({ name: 'a', value: '1', huffman }),
      literal({ name: 'large', value: large, huffman }),
      literal({ mode: 'plain', name: 'b', value: large, huffman }),
      literal({ name: 63, value: '2', huffman }),
    ];
    assert.equal(decode(decoder, ...fields), 'too-large');
    assert.deepEqual(decoded(decoder, indexed(62)), [['a', '2']]);
    assert.equal(decode(decoder, indexed(63)), 'too-large');
    assert.deepEqual(decoded(decoder, indexed(64)), [['a', '1']]);
  }
});

test('a literal too large for both the list and the table empties the table', () => {
  const huge = 'x'.repeat(5000);
  for (const huffman of [false, true]) {
    for (const field of [
      { name: 'huge', value: huge },
      { name: huge, value: 'v' },
      { name: huge, value: huge },
    ]) {
      const decoder = newDecoder({ listBytes: 100 });
      decoded(decoder, literal({ name: 'a', value: '1' }));
      assert.equal(decode(decoder, literal({ ...field, huffman })), 'too-large');
      assert.deepEqual(tableOf(decoder), []);
    }
  }
});

test('behind a name too long the value is still checked', () => {
  const wrong = Buffer.from([0x81, 0x00]);
  for (const first of ['40', '00', '10']) {
    const name = text('n'.repeat(5000));
    assert.equal(decode(newDecoder({ listBytes: 100 }), hex(first), name, text('v')), 'too-large');
    assert.equal(decode(newDecoder({ listBytes: 100 }), hex(first), name, wrong), 'compression');
  }
});

test('a broken field in a list too large is still a compression error', () => {
  const large = literal({ mode: 'plain', name: 'n', value: 'x'.repeat(300) });
  const wrong = Buffer.concat([huffmanCoded('0'.repeat(400)), hex('ff')]);
  const coded = Buffer.concat([integer(0x80, 0x7f, wrong.length), wrong]);
  for (const broken of [indexed(0), hex('00 01'), Buffer.concat([hex('00 01 61'), coded])]) {
    assert.equal(decode(newDecoder({ listBytes: 100 }), large, broken), 'compression');
  }
});
