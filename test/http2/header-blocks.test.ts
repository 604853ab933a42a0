import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { flag } from '../../src/http2/frames.js';
import { HeaderBlocks, type BlockStep } from '../../src/http2/header-blocks.js';

const { endHeaders, endStream, padded, priority } = flag;
const begin = (blocks: HeaderBlocks, flags: number, payload: number[], streamId = 3): BlockStep =>
  blocks.begin({ streamId, flags }, Buffer.from(payload));

function bytesOf(step: BlockStep): number[] | string {
  return step.kind === 'whole' ? [...step.bytes.subarray(step.start, step.end)] : step.kind;
}

/** Flags and payload of a HEADERS frame, and the block in it. */
const wholes: readonly (readonly [
  title: string,
  flags: number,
  payload: number[],
  block: number[] | string,
])[] = [
  ['a block alone', 0, [1, 2, 3], [1, 2, 3]],
  ['nothing', 0, [], []],
  ['padding behind it', padded, [2, 1, 0, 0], [1]],
  ['padding of 0', padded, [0, 1], [1]],
  ['padding alone', padded, [2, 0, 0], []],
  ['padding as long as the frame', padded, [3, 0, 0], 'broken'],
  ['a pad length that is missing', padded, [], 'broken'],
  ['a priority before it', priority, [0, 0, 0, 1, 16, 9], [9]],
  ['a priority alone', priority, [0x80, 0, 0, 1, 16], []],
  ['a priority cut short', priority, [0, 0, 0, 1], 'broken'],
  ['a priority on itself', priority, [0x80, 0, 0, 3, 16, 9], 'broken'],
  ['both', padded | priority, [1, 0, 0, 0, 1, 16, 9, 0], [9]],
  ['padding that reaches into the priority', padded | priority, [2, 0, 0, 0, 1, 16, 0], 'broken'],
];

describe('a header block in one frame', () => {
  for (const [title, flags, payload, block] of wholes) {
    test(`with ${title}`, () => {
      const blocks = new HeaderBlocks(100);
      assert.deepEqual(bytesOf(begin(blocks, flags | endHeaders, payload)), block);
      assert.equal(blocks.streamId, 0);
      assert.equal(blocks.endStream, false);
    });
  }

  test('ends its stream where it says so', () => {
    const blocks = new HeaderBlocks(100);
    begin(blocks, endHeaders | endStream, [1]);
    assert.equal(blocks.endStream, true);
    begin(blocks, endHeaders, [1]);
    assert.equal(blocks.endStream, false);
  });
});

describe('a header block in several frames', () => {
  test('is joined, without what lies around its first piece; its pieces need not stay', () => {
    const blocks = new HeaderBlocks(100);
    const first = Buffer.from([1, 0, 0, 0, 1, 16, 7, 0]);
    assert.equal(blocks.begin({ streamId: 5, flags: padded | priority | endStream }, first).kind, 'more');
    first.fill(0);
    assert.equal(blocks.streamId, 5);
    assert.equal(blocks.continue(0, Buffer.from([8])).kind, 'more');
    assert.equal(blocks.continue(0, Buffer.alloc(0)).kind, 'more');
    assert.deepEqual(bytesOf(blocks.continue(endHeaders, Buffer.from([9]))), [7, 8, 9]);
    assert.equal(blocks.streamId, 0);
    assert.equal(blocks.endStream, true);
  });

  test('leaves nothing behind for the next one', () => {
    const blocks = new HeaderBlocks(10);
    for (let round = 0; round < 20; round++) {
      begin(blocks, 0, [1, 2, 3, 4]);
      assert.deepEqual(bytesOf(blocks.continue(endHeaders, Buffer.from([round]))), [1, 2, 3, 4, round]);
    }
  });

  test('may be as long as the limit, and no longer', () => {
    const exact = new HeaderBlocks(10);
    begin(exact, 0, [1, 2, 3, 4, 5]);
    assert.equal(exact.continue(endHeaders, Buffer.alloc(5)).kind, 'whole');
    const beyond = new HeaderBlocks(10);
    begin(beyond, 0, [1, 2, 3, 4, 5]);
    assert.equal(beyond.continue(endHeaders, Buffer.alloc(6)).kind, 'too-long');
    assert.equal(begin(new HeaderBlocks(2), 0, [1, 2, 3]).kind, 'too-long');
  });

  test('has at most 64 frames', () => {
    const blocks = new HeaderBlocks(1000);
    begin(blocks, 0, []);
    for (let frames = 1; frames < 64; frames++)
      assert.equal(blocks.continue(0, Buffer.alloc(0)).kind, 'more');
    assert.equal(blocks.continue(endHeaders, Buffer.alloc(0)).kind, 'too-long');
  });
});
