import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  MessageReader,
  type MessageStore,
  type Refusal,
} from '../../../../src/frontends/grpc/transports/message-reader.js';
import { Arena } from '../../../../src/tensors/arena.js';
import { ChunkedBytes, wholeBytes } from '../../../../src/tensors/chunked-bytes.js';
import { frame } from './raw-client.js';
import { pattern } from './rig.js';

function store(changes: Partial<MessageStore> = {}): MessageStore {
  const arena = new Arena({ keptBytesMax: 64 * 1024 * 1024, shared: false });
  return {
    arena,
    exactBytesMax: 100_000,
    receivingBytesMax: 2 ** 31,
    receivingBytes: 0,
    reservedBytes: 0,
    ...changes,
  };
}

class Told {
  readonly messages: { bytes: Buffer; compressed: boolean; chunked: boolean }[] = [];
  readonly refusals: Refusal[] = [];
  readonly reader: MessageReader;

  constructor(of: MessageStore) {
    this.reader = new MessageReader(of, {
      onMessage: (message, compressed, lent) => {
        const chunked = message instanceof ChunkedBytes;
        this.messages.push({ bytes: Buffer.from(wholeBytes(message)), compressed, chunked });
        for (const buffer of lent) of.arena.giveBack(buffer);
      },
      onRefused: (refusal) => void this.refusals.push(refusal),
    });
  }

  read(bytes: Buffer): void {
    this.reader.read(bytes, 0, bytes.byteLength);
  }
}

const sizes = fc.array(fc.oneof(fc.nat(20), fc.integer({ min: 4000, max: 300_000 })), { maxLength: 6 });

describe('messages of a body', () => {
  test('are the same however it is split into pieces, and leave nothing behind', () => {
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(1_000_000), { maxLength: 20 }), (lengths, cuts) => {
        const bodies = lengths.map((length) => pattern(length));
        const all = Buffer.concat(bodies.map((body, i) => frame(body, i % 2 === 1)));
        const ends = [...cuts.map((cut) => cut % (all.byteLength + 1)), all.byteLength].sort((a, b) => a - b);
        const of = store();
        const told = new Told(of);
        let from = 0;
        for (const end of ends) {
          const piece = Buffer.from(all.subarray(from, end));
          told.read(piece);
          // A piece is valid during the call only.
          piece.fill(0xee);
          from = end;
        }
        assert.deepEqual(
          told.messages.map(({ bytes }) => bytes),
          bodies,
        );
        assert.deepEqual(
          told.messages.map(({ compressed }) => compressed),
          bodies.map((_, i) => i % 2 === 1),
        );
        assert.deepEqual([of.receivingBytes, of.reservedBytes, told.reader.inMessage], [0, 0, false]);
      }),
      { numRuns: 200 },
    );
  });

  test('beyond the exact size come in pieces, and so do those beyond the reserve', () => {
    const of = store({ reservedBytes: 64 * 1024 * 1024 - 10 });
    const told = new Told(of);
    for (const length of [100_000, 100_001, 70_000, 10, 11]) told.read(frame(pattern(length)));
    assert.deepEqual(
      told.messages.map(({ chunked }) => chunked),
      [true, true, true, false, false],
    );
  });

  test('take memory as they come: what was announced alone takes little', () => {
    const of = store();
    const prefix = Buffer.from([0, 0x40, 0, 0, 0, 1]);
    const readers = Array.from({ length: 100 }, () => new Told(of));
    const before = process.memoryUsage().arrayBuffers;
    for (const told of readers) told.read(prefix);
    assert.ok(process.memoryUsage().arrayBuffers - before < 20 * 1024 * 1024);
    assert.equal(of.receivingBytes, 100);
    for (const { reader } of readers) reader.stop();
    assert.equal(of.receivingBytes, 0);
  });

  test('that would hold more than the server receives at a time are refused, and free what they held', () => {
    const of = store({ receivingBytesMax: 1_000_000 });
    const [first, second, small] = [new Told(of), new Told(of), new Told(of)];
    const large = frame(pattern(900_000));
    first.read(large.subarray(0, 700_005));
    second.read(large.subarray(0, 200_005));
    small.read(frame(pattern(250_000)).subarray(0, 200_005));
    assert.deepEqual([second.refusals, small.refusals, of.receivingBytes], [[], [], 1_100_000]);
    second.read(large.subarray(200_005, 300_005));
    assert.deepEqual(second.refusals, [{ kind: 'server-full' }]);
    assert.equal(of.receivingBytes, 900_000);
    first.read(large.subarray(700_005));
    small.read(frame(pattern(250_000)).subarray(200_005));
    assert.deepEqual(
      [first, small].flatMap(({ messages }) => messages.map(({ bytes }) => bytes.byteLength)),
      [900_000, 250_000],
    );
    assert.deepEqual([of.receivingBytes, of.reservedBytes], [0, 0]);
  });

  test('may be larger than what is received at a time while others are few', () => {
    const of = store({ receivingBytesMax: 1_000_000 });
    const [huge, other] = [new Told(of), new Told(of)];
    other.read(frame(pattern(400_000)).subarray(0, 300_005));
    huge.read(frame(pattern(3_000_000)));
    assert.equal(huge.messages.length, 1);
    other.read(frame(pattern(400_000)).subarray(300_005));
    assert.equal(other.messages.length, 1);
    assert.equal(of.receivingBytes, 0);
  });

  test('of more than 2^31 - 1 bytes or with an odd flag are refused at their prefix', () => {
    for (const [bytes, refusal] of [
      [Buffer.from([0, 0x80, 0, 0, 0]), { kind: 'too-large', length: 2 ** 31 }],
      [Buffer.from([2, 0, 0, 0, 1, 1]), { kind: 'bad-flag', flag: 2 }],
    ] as const) {
      const told = new Told(store());
      told.read(bytes);
      told.read(Buffer.from('more'));
      assert.deepEqual(told.refusals, [refusal]);
      assert.deepEqual(told.messages, []);
    }
  });
});
