import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { errorCode, flag, preface } from '../../src/http2/frames.js';
import { FrameReader } from '../../src/http2/frame-reader.js';
import { frame } from '../support/raw-http2.js';

/** What a reader tells its sink, the pieces of DATA joined. */
class Told {
  readonly events: string[] = [];
  readonly reader: FrameReader;
  stopAt = Infinity;
  #data = '';

  constructor() {
    this.reader = new FrameReader({
      onFrame: (bytes, start, end) => this.#tell('frame', bytes.toString('hex', start, end)),
      onDataBegin: (length) => {
        this.#data = '';
        this.#tell('data', String(length));
      },
      onData: (bytes, start, end) => {
        assert.ok(end > start, 'an empty piece');
        this.#data += bytes.toString('hex', start, end);
      },
      onDataEnd: () => this.#tell('data end', this.#data),
      onBroken: (code, reason) => void this.events.push(`broken ${code} ${reason}`),
    });
  }

  read(...reads: Buffer[]): string[] {
    for (const bytes of reads) {
      const copy = Buffer.from(bytes);
      this.reader.read(copy, copy.byteLength);
      // Nothing of a read is valid behind it.
      copy.fill(0xaa);
    }
    return this.events;
  }

  #tell(what: string, text: string): void {
    const { type, flags, streamId } = this.reader;
    this.events.push(`${what} ${type} ${flags} ${streamId}: ${text}`);
    if (this.events.length >= this.stopAt) this.reader.stop();
  }
}

const told = (...reads: Buffer[]): string[] => new Told().read(...reads);
const padded = (padding: number, data: string, rest = padding): Buffer =>
  frame(0, flag.padded, 1, Buffer.concat([Buffer.from([padding]), Buffer.from(data), Buffer.alloc(rest)]));

const anyFrame = fc
  .record({
    type: fc.integer({ min: 0, max: 12 }),
    flags: fc.nat(255),
    streamId: fc.nat(2 ** 31 - 1),
    payload: fc.uint8Array({ maxLength: 40 }),
    length: fc.oneof({ weight: 30, arbitrary: fc.constant(-1) }, fc.nat(20_000)),
  })
  .map(({ type, flags, streamId, payload, length }) => {
    const bytes = frame(type, flags, streamId, Buffer.from(payload));
    if (length >= 0) bytes.writeUIntBE(length, 0, 3);
    return bytes;
  });

test('any split of the bytes into reads tells the same', () => {
  fc.assert(
    fc.property(
      fc.array(anyFrame, { maxLength: 12 }),
      fc.array(fc.nat(300), { maxLength: 20 }),
      fc.integer({ min: 1, max: 40 }),
      (frames, edges, stopAt) => {
        const bytes = Buffer.concat([preface, ...frames]);
        const whole = new Told();
        whole.stopAt = stopAt;
        whole.read(bytes);
        const cuts = [
          0,
          ...edges.filter((at) => at < bytes.byteLength).sort((a, b) => a - b),
          bytes.byteLength,
        ];
        const pieces = new Told();
        pieces.stopAt = stopAt;
        pieces.read(...cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end)));
        assert.deepEqual(pieces.events, whole.events);
        assert.equal(pieces.reader.openFrame, whole.reader.openFrame);
        const single = new Told();
        single.stopAt = stopAt;
        single.read(...Array.from(bytes, (byte) => Buffer.from([byte])));
        assert.deepEqual(single.events, whole.events);
      },
    ),
    { seed: 41, numRuns: 400 },
  );
});

describe('a frame reader', () => {
  test('tells of frames, and of DATA with its padding left out', () => {
    assert.deepEqual(
      told(
        preface,
        frame(4, 1, 0),
        frame(1, 5, 3, Buffer.from('ab')),
        frame(0, 1, 3, Buffer.from('c')),
        padded(2, 'd'),
      ),
      [
        'frame 4 1 0: ',
        'frame 1 5 3: 6162',
        'data 0 1 3: 1',
        'data end 0 1 3: 63',
        'data 0 8 1: 4',
        'data end 0 8 1: 64',
      ],
    );
  });

  test('ignores the reserved bit of the stream', () => {
    assert.deepEqual(told(preface, frame(4, 0, 2 ** 31 + 7)), ['frame 4 0 7: ']);
  });

  test('takes empty DATA, padding of 0, and padding alone', () => {
    assert.deepEqual(told(preface, frame(0, 0, 1), padded(0, ''), padded(0, 'x'), padded(255, '')), [
      'data 0 0 1: 0',
      'data end 0 0 1: ',
      'data 0 8 1: 1',
      'data end 0 8 1: ',
      'data 0 8 1: 2',
      'data end 0 8 1: 78',
      'data 0 8 1: 256',
      'data end 0 8 1: ',
    ]);
  });

  test('breaks at padding that is longer than its frame', () => {
    const [begun, broken, ...more] = told(preface, padded(2, 'x', 0), frame(4, 0, 0));
    assert.equal(begun, 'data 0 8 1: 2');
    assert.match(broken!, /^broken 1 /);
    assert.deepEqual(more, []);
  });

  test('breaks at padded DATA without room for the length', () => {
    assert.match(told(preface, frame(0, flag.padded, 1))[0]!, /^broken 6 /);
  });

  for (const type of [0, 1, 4, 99]) {
    test(`takes frames of type ${type} of 16384 bytes, and breaks at the head of a larger one`, () => {
      const [first] = told(preface, frame(type, 0, 1, Buffer.alloc(16_384)));
      assert.match(first!, /^(frame|data)/);
      const head = frame(type, 0, 1, Buffer.alloc(16_385)).subarray(0, 9);
      assert.deepEqual(told(preface, head), [
        `broken ${errorCode.frameSizeError} frame of 16385 bytes, at most 16384`,
      ]);
    });
  }

  test('breaks at the first byte that is not of the preface', () => {
    assert.equal(told(Buffer.from('PRI * HTTP/1')).length, 1);
    assert.equal(told(preface.subarray(0, 23)).length, 0);
    for (let at = 0; at < preface.byteLength; at++) {
      const wrong = Buffer.from(preface);
      wrong[at] = wrong[at]! ^ 1;
      for (const reads of [[wrong], Array.from(wrong, (byte) => Buffer.from([byte]))]) {
        assert.match(told(...reads, frame(4, 0, 0))[0]!, /^broken 1 /);
      }
    }
  });

  test('says nothing when it was stopped, also in the middle of a read', () => {
    for (const stopAt of [1, 2, 3, 4]) {
      const stopped = new Told();
      stopped.stopAt = stopAt;
      stopped.read(
        Buffer.concat([preface, frame(4, 0, 0), frame(0, 0, 1, Buffer.from('a')), padded(1, 'b')]),
      );
      stopped.read(frame(4, 0, 0));
      assert.equal(stopped.events.length, stopAt);
    }
  });

  test('numbers the frame that is open, and says 0 between two', () => {
    const { reader } = new Told();
    const read = (bytes: Buffer): void => reader.read(bytes, bytes.byteLength);
    assert.equal(reader.openFrame, 1);
    read(preface);
    assert.equal(reader.openFrame, 0);
    read(frame(4, 0, 0).subarray(0, 3));
    assert.equal(reader.openFrame, 2);
    read(frame(4, 0, 0).subarray(3));
    assert.equal(reader.openFrame, 0);
    const data = padded(3, 'abc');
    for (let at = 0; at < data.byteLength - 1; at++) {
      read(data.subarray(at, at + 1));
      assert.equal(reader.openFrame, 3);
    }
    read(data.subarray(-1));
    assert.equal(reader.openFrame, 0);
  });
});
