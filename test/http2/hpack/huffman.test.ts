import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeHuffman, huffmanOctetsMax } from '../../../src/http2/hpack/huffman.js';
import { bits, huffmanCoded, huffmanCodes } from '../../support/hpack.js';

/** The decoded text, or the number of octets where that is not what was made. */
function decode(coded: Buffer, roomBytes = huffmanOctetsMax(coded.length)): string | number {
  const target = Buffer.alloc(roomBytes);
  const count = decodeHuffman(coded, 0, coded.length, target);
  return count < 0 || count > roomBytes ? count : target.toString('latin1', 0, count);
}

test('every octet is decoded by the code of Appendix B, alone and behind every other', () => {
  for (let octet = 0; octet < 256; octet++) {
    const alone = String.fromCharCode(octet);
    assert.equal(decode(huffmanCoded(alone)), alone);
    for (let other = 0; other < 256; other++) {
      const pair = String.fromCharCode(other) + alone;
      assert.equal(decode(huffmanCoded(pair)), pair);
    }
  }
});

test('EOS in a string is refused, wherever it begins', () => {
  for (const before of ['', '0', 'a', '00', 'X', '0X', 'aX', ' XX']) {
    const digits = Array.from(before, (c) => huffmanCodes[c.charCodeAt(0)]).join('') + huffmanCodes[256];
    assert.equal(decode(bits(digits)), -1, before);
    assert.equal(decode(bits(digits + huffmanCodes[48])), -1, before);
  }
});

test('padding of eight bits or more is refused', () => {
  const whole = huffmanCodes[88]!;
  assert.equal(whole.length, 8);
  assert.equal(decode(bits(whole)), 'X');
  assert.equal(decode(bits(`${whole}11111111`)), -1);
  assert.equal(decode(bits('11111111')), -1);
  assert.equal(decode(bits(`${huffmanCodes[48]}11111111111`)), -1);
});

test('padding with a zero in it is refused', () => {
  for (let length = 1; length <= 7; length++) {
    const code = huffmanCodes.find((code) => code.length % 8 === 8 - length)!;
    assert.notEqual(decode(bits(code + '1'.repeat(length))), -1);
    for (let zero = 0; zero < length; zero++) {
      const padding = '1'.repeat(zero) + '0' + '1'.repeat(length - zero - 1);
      // Five bits and more can be an octet, with less padding behind it; such an octet is no failure.
      if (huffmanCodes.some((code) => padding.startsWith(code))) continue;
      assert.equal(decode(bits(code + padding)), -1, `${code} ${padding}`);
    }
  }
});

test('a string longer than the room is counted to its end and written no further', () => {
  const coded = huffmanCoded('0'.repeat(1000));
  const target = Buffer.alloc(20);
  assert.equal(decodeHuffman(coded, 0, coded.length, target.subarray(0, 10)), 1000);
  assert.equal(target.toString('latin1'), '0'.repeat(10) + '\0'.repeat(10));
  assert.equal(decode(Buffer.concat([coded, bits('11111111')]), 10), -1);
});

test('any text is decoded to itself, and is never longer than foretold', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      const text = Buffer.from(octets).toString('latin1');
      const coded = huffmanCoded(text);
      assert.ok(text.length <= huffmanOctetsMax(coded.length));
      assert.equal(decode(coded), text);
    }),
    { seed: 7541, numRuns: 300 },
  );
});

test('any bytes are either refused or the code of what they are decoded to', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6 }), (octets) => {
      const coded = Buffer.from(octets);
      const text = decode(coded);
      if (typeof text === 'string') assert.deepEqual(huffmanCoded(text), coded);
      else assert.equal(text, -1);
    }),
    { seed: 7541, numRuns: 5000 },
  );
});
