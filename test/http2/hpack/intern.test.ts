import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder } from '../../../src/http2/hpack/decoder.js';
import type { Field } from '../../../src/http2/hpack/field.js';
import { InternTable } from '../../../src/http2/hpack/intern.js';
import { decoded, huffmanCoded, literal, type Literal } from '../../support/hpack.js';

function newDecoder(interned: InternTable): HpackDecoder {
  return new HpackDecoder({ tableBytes: 4096, listBytes: 16_384, interned });
}

function fieldOf(decoder: HpackDecoder, shape: Literal): Field {
  const block = literal(shape);
  const fields = decoder.decode(block, 0, block.length) as readonly Field[];
  assert.deepEqual([fields[0]!.name, fields[0]!.value], [shape.name, shape.value]);
  return fields[0]!;
}

test('connections that share a table share the fields that they send as literals', () => {
  const interned = new InternTable();
  for (const huffman of [false, true]) {
    for (const mode of ['insert', 'plain'] as const) {
      const shape = { mode, name: 'x-model', value: 'simple', huffman };
      const first = fieldOf(newDecoder(interned), shape);
      assert.equal(fieldOf(newDecoder(interned), shape), first);
    }
  }
});

test('one value under two names gives two fields', () => {
  const decoder = newDecoder(new InternTable());
  const a = fieldOf(decoder, { name: 'a', value: 'same' });
  const b = fieldOf(decoder, { name: 'b', value: 'same' });
  assert.notEqual(a, b);
  fieldOf(decoder, { name: 'same', value: 'a' });
  fieldOf(decoder, { name: 'same', value: 'same' });
});

test('a value that must never be indexed is not kept', () => {
  const interned = new InternTable();
  const shape = { mode: 'never', name: 'authorization', value: 'secret' } as const;
  assert.notEqual(fieldOf(newDecoder(interned), shape), fieldOf(newDecoder(interned), shape));
});

test('bytes that are Huffman code are not taken for the same bytes that are text', () => {
  const decoder = newDecoder(new InternTable());
  const raw = huffmanCoded('value');
  const coded = literal({ name: 'a', value: 'value', huffman: true });
  const plain = literal({ name: 'a', value: raw.toString('latin1') });
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(decoded(decoder, coded), [['a', 'value']]);
    assert.deepEqual(decoded(decoder, plain), [['a', raw.toString('latin1')]]);
  }
});

test('empty and longest strings, and many more strings than the table holds, come out as they were sent', () => {
  const decoder = newDecoder(new InternTable());
  for (const huffman of [false, true]) {
    fieldOf(decoder, { name: '', value: '', huffman });
    for (let length = 0; length < 140; length++) {
      fieldOf(decoder, { name: 'n'.repeat(length), value: '0'.repeat(length), huffman });
    }
    for (let n = 0; n < 5000; n++) fieldOf(decoder, { name: `n${n % 700}`, value: `v${n % 1300}`, huffman });
  }
});
