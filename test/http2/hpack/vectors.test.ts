// The examples of RFC 7541 Appendix C.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockReader } from '../../../src/http2/hpack/block-reader.js';
import { HpackDecoder } from '../../../src/http2/hpack/decoder.js';
import { blockBytesMax, HpackEncoder, repeated } from '../../../src/http2/hpack/encoder.js';
import type { Field } from '../../../src/http2/hpack/field.js';
import { decoded, hex, integer, sizeUpdate, tableOf } from '../../support/hpack.js';

type Pairs = [string, string][];

function newDecoder(): HpackDecoder {
  return new HpackDecoder({ tableBytes: 4096, listBytes: 4096 });
}

test('C.1: integers are read and written as in the examples', () => {
  for (const [digits, mask, value] of [
    ['0a', 0x1f, 10],
    ['1f9a0a', 0x1f, 1337],
    ['2a', 0xff, 42],
  ] as const) {
    const bytes = hex(digits);
    const block = new BlockReader();
    block.open(bytes, 0, bytes.length);
    assert.equal(block.integer(mask), value);
    assert.equal(block.at, bytes.length);
    assert.deepEqual(integer(0, mask, value), bytes);
  }
});

test('C.2: each representation of a field is decoded, and inserted where it says so', () => {
  for (const [digits, field, inserted] of [
    [
      '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
      ['custom-key', 'custom-header'],
      true,
    ],
    ['040c 2f73 616d 706c 652f 7061 7468', [':path', '/sample/path'], false],
    ['1008 7061 7373 776f 7264 0673 6563 7265 74', ['password', 'secret'], false],
    ['82', [':method', 'GET'], false],
  ] as const) {
    const decoder = newDecoder();
    assert.deepEqual(decoded(decoder, hex(digits)), [field]);
    assert.deepEqual(tableOf(decoder), inserted ? [field] : []);
  }
});

const get: Pairs = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'www.example.com'],
];
const uncached: [string, string] = ['cache-control', 'no-cache'];
const custom: [string, string] = ['custom-key', 'custom-value'];
const secure: Pairs = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/index.html'],
  [':authority', 'www.example.com'],
  custom,
];
const requests: { list: Pairs; table: Pairs }[] = [
  { list: get, table: [get[3]!] },
  { list: [...get, uncached], table: [uncached, get[3]!] },
  { list: secure, table: [custom, uncached, get[3]!] },
];

const early = 'Mon, 21 Oct 2013 20:13:21 GMT';
const late = 'Mon, 21 Oct 2013 20:13:22 GMT';
const cookie = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1';
const redirect = (status: string): Pairs => [
  [':status', status],
  ['cache-control', 'private'],
  ['date', early],
  ['location', 'https://www.example.com'],
];
const [, cached, dated, located] = redirect('') as [unknown, ...Pairs];
const responses: { list: Pairs; table: Pairs }[] = [
  { list: redirect('302'), table: [located!, dated!, cached!, [':status', '302']] },
  { list: redirect('307'), table: [[':status', '307'], located!, dated!, cached!] },
  {
    list: [
      [':status', '200'],
      cached!,
      ['date', late],
      located!,
      ['content-encoding', 'gzip'],
      ['set-cookie', cookie],
    ],
    table: [
      ['set-cookie', cookie],
      ['content-encoding', 'gzip'],
      ['date', late],
    ],
  },
];

const plainRequests = [
  '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
  '8286 84be 5808 6e6f 2d63 6163 6865',
  '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
];
const codedRequests = [
  '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
  '8286 84be 5886 a8eb 1064 9cbf',
  '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
];
const plainResponses = [
  `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120
   474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
  '4803 3330 37c1 c0bf',
  `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738
   666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33
   3630 303b 2076 6572 7369 6f6e 3d31`,
];
const codedResponses = [
  `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718
   63c7 8f0b 97c8 e9ae 82ae 43d3`,
  '4883 640e ffc1 c0bf',
  `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7
   b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
];

for (const [example, blocks, steps, tableBytes] of [
  ['C.3: requests without Huffman code', plainRequests, requests, 4096],
  ['C.4: requests with Huffman code', codedRequests, requests, 4096],
  ['C.5: responses without Huffman code', plainResponses, responses, 256],
  ['C.6: responses with Huffman code', codedResponses, responses, 256],
] as const) {
  test(`${example} are decoded to the lists and tables of the example`, () => {
    const decoder = new HpackDecoder({ tableBytes, listBytes: 4096 });
    assert.deepEqual(decoded(decoder, sizeUpdate(tableBytes)), []);
    for (const [n, { list, table }] of steps.entries()) {
      assert.deepEqual(decoded(decoder, hex(blocks[n]!)), list);
      assert.deepEqual(tableOf(decoder), table);
    }
  });
}

for (const [example, blocks, steps, tableBytes] of [
  ['C.3: requests', plainRequests, requests, 4096],
  ['C.5: responses', plainResponses, responses, 256],
] as const) {
  test(`${example} without Huffman code are encoded to the bytes of the example`, () => {
    const encoder = new HpackEncoder();
    const made = new Map<string, Field>();
    const fieldOf = ([name, value]: [string, string]): Field => {
      const key = `${name}=${value}`;
      if (!made.has(key)) made.set(key, repeated(name, value));
      return made.get(key)!;
    };
    encoder.setTableBytes(tableBytes);
    const target = Buffer.alloc(blockBytesMax([]));
    const announced = encoder.encode([], target, 0);
    assert.deepEqual(target.subarray(0, announced), tableBytes === 4096 ? hex('') : sizeUpdate(tableBytes));
    for (const [n, { list }] of steps.entries()) {
      const fields = list.map(fieldOf);
      const block = Buffer.alloc(blockBytesMax(fields));
      assert.deepEqual(block.subarray(0, encoder.encode(fields, block, 0)), hex(blocks[n]!));
    }
  });
}
