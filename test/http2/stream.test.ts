import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorCode } from '../../src/http2/frames.js';
import { defaultLimits } from '../../src/http2/limits.js';
import { Stream, type Body, type StreamConnection } from '../../src/http2/stream.js';
import { Watch } from '../../src/http2/watch.js';

/** A stream to a peer that takes nothing but what is asked for by `takePiece`. */
function fullStream(): Stream {
  const connection = {
    sendNow: () => 0,
    hold() {},
    line() {},
    forget() {},
    writeReset() {},
  };
  return new Stream(connection as unknown as StreamConnection, 1, { send: 0, receive: 0 });
}

function bodyOf(byteLength: number): Body & { copiedBytes: number; drops: number } {
  return {
    byteLength,
    copiedBytes: 0,
    drops: 0,
    copy(_target, _at, from, to) {
      assert.equal(from, this.copiedBytes);
      this.copiedBytes = to;
    },
    drop() {
      this.drops++;
    },
  };
}

describe('a body that waits', () => {
  test('is told when the stream is cut, and one that comes behind it too', () => {
    const stream = fullStream();
    const [waiting, late] = [bodyOf(10), bodyOf(10)];
    stream.send(waiting);
    stream.reset(errorCode.cancel);
    stream.send(late);
    assert.deepEqual([waiting.drops, late.drops], [1, 1]);
  });

  test('is not told when it was taken wholly', () => {
    const stream = fullStream();
    const body = bodyOf(10);
    stream.send(body);
    stream.takePiece(Buffer.alloc(10), 0, 10);
    stream.pieceSent();
    stream.reset(errorCode.cancel);
    assert.equal(body.drops, 0);
  });

  for (const [pieceCount, copied] of [
    [63, true],
    [64, false],
  ] as const) {
    test(`is ${copied ? '' : 'not '}copied when ${pieceCount} pieces of it were taken between two looks`, () => {
      const stream = fullStream();
      const body = bodyOf(100_000);
      stream.send(body);
      const watch = new Watch(defaultLimits, 0);
      const look = (atMs: number): unknown =>
        watch.look(
          {
            settled: true,
            openFrame: 0,
            backlogBytes: 0,
            takenCount: 0,
            streamCount: 1,
            hasRoom: true,
            streams: () => [stream],
          },
          atMs,
        );
      look(1000);
      assert.equal(body.copiedBytes, 0);
      for (let piece = 0; piece < pieceCount; piece++) stream.takePiece(Buffer.alloc(10), 0, 10);
      look(2000);
      assert.equal(body.copiedBytes === body.byteLength, copied);
      stream.takePiece(Buffer.alloc(10), 0, 10);
    });
  }
});
