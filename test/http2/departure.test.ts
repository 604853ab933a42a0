import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Departure } from '../../src/http2/departure.js';
import type { FrameWriter } from '../../src/http2/frame-writer.js';
import { streamIdMax } from '../../src/http2/frames.js';
import type { Output } from '../../src/http2/output.js';
import type { Streams } from '../../src/http2/streams.js';

const startMs = 5000;
const patienceMs = 1000;

describe('a departure', () => {
  let said: string[] = [];
  let pings: Buffer[] = [];
  let streams = { count: 0, lastId: 0, endWithAnswers: (): unknown => 0 };
  let departure: Departure;

  beforeEach(() => {
    said = [];
    pings = [];
    streams = { count: 1, lastId: 7, endWithAnswers: () => said.push('end with answers') };
    const writer = {
      goAway: (lastId: number, code: number, reason: string) =>
        said.push(`goaway ${lastId} ${code} ${reason}`),
      ping: (payload: Buffer) => pings.push(payload),
    };
    const output = { end: () => said.push('end') };
    departure = new Departure(
      {
        writer: writer as unknown as FrameWriter,
        streams: streams as unknown as Streams,
        output: output as unknown as Output,
      },
      () => said.push('stop reading'),
    );
  });

  const first = `goaway ${streamIdMax} 0 `;
  const second = ['end with answers', 'goaway 7 0 '];

  test('has not begun at first', () => {
    departure.streamsEnded();
    assert.equal(departure.look(startMs), 'wait');
    assert.deepEqual(
      [departure.staying, departure.takesStreams, departure.over, said],
      [true, true, false, []],
    );
  });

  test('says its first word and takes streams until the peer has seen it', () => {
    departure.announce(startMs);
    departure.announce(startMs);
    assert.deepEqual(said, [first]);
    assert.deepEqual([departure.staying, departure.takesStreams], [false, true]);
    departure.answered(Buffer.from('whatever'));
    assert.deepEqual(said, [first]);
    departure.answered(Buffer.from(pings[0]!));
    departure.answered(Buffer.from(pings[0]!));
    assert.deepEqual(said, [first, ...second]);
    assert.deepEqual([departure.takesStreams, departure.over, pings.length], [false, false, 1]);
  });

  test('says its second word without the peer when that takes too long', () => {
    departure.announce(startMs);
    assert.equal(departure.look(startMs + patienceMs - 1), 'wait');
    assert.deepEqual(said, [first]);
    assert.equal(departure.look(startMs + patienceMs), 'wait');
    assert.deepEqual(said, [first, ...second]);
  });

  test('ends when the last stream has, or at once where there is none', () => {
    departure.announce(startMs);
    departure.answered(pings[0]!);
    departure.streamsEnded();
    assert.equal(departure.over, false);
    streams.count = 0;
    departure.streamsEnded();
    departure.streamsEnded();
    assert.deepEqual(said, [first, ...second, 'stop reading', 'end']);
    assert.equal(departure.over, true);
  });

  test('does not end between its two words', () => {
    streams.count = 0;
    departure.announce(startMs);
    departure.streamsEnded();
    assert.deepEqual(said, [first]);
    departure.answered(pings[0]!);
    assert.deepEqual(said, [first, ...second, 'stop reading', 'end']);
  });

  test('waits for the peer to close, and no longer than its patience', () => {
    departure.breakOff(1, 'why');
    assert.equal(departure.look(startMs), 'wait');
    assert.equal(departure.look(startMs + patienceMs - 1), 'wait');
    assert.equal(departure.look(startMs + patienceMs), 'destroy');
  });

  test('after a mistake says why, once, and ends with streams open', () => {
    departure.breakOff(11, 'too much');
    departure.breakOff(1, 'another');
    departure.announce(startMs);
    departure.answered(Buffer.from('departng'));
    departure.streamsEnded();
    assert.deepEqual(said, ['goaway 7 11 too much', 'stop reading', 'end']);
    assert.deepEqual([departure.over, departure.staying, departure.takesStreams], [true, false, false]);
  });

  test('may be cut short by a mistake', () => {
    departure.announce(startMs);
    departure.answered(pings[0]!);
    departure.breakOff(1, 'why');
    assert.deepEqual(said, [first, ...second, 'goaway 7 1 why', 'stop reading', 'end']);
  });

  test('of the peer ends the connection with its last stream', () => {
    departure.peerLeaves();
    assert.deepEqual([said, departure.over], [[], false]);
    streams.count = 0;
    departure.streamsEnded();
    assert.deepEqual([said, departure.over], [['stop reading', 'end'], true]);
  });
});
