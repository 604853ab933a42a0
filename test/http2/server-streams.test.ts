import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorCode, flag, frameType } from '../../src/http2/frames.js';
import { eventually } from '../support/eventually.js';
import { dataFrame, headersFrame, pingFrame, postFields, resetFrame } from '../support/http2-peer.js';
import { answer, answerHead, bodyOf, withRig } from '../support/http2-rig.js';
import { frame, headerBlock } from '../support/raw-http2.js';

const block = headerBlock([...postFields, ['x-long', 'v'.repeat(100)]]);

describe('a stream', () => {
  test(
    'is answered with the body that came, however its headers were cut',
    withRig({}, async (rig) => {
      const peer = rig.peer();
      for (const [index, cuts] of [[50], [0, 100], [1, 2, 3, 4, 5], []].entries()) {
        const id = index * 2 + 1;
        const edges = [0, ...cuts, block.byteLength];
        const pieces = edges.slice(1).map((end, piece) => block.subarray(edges[piece], end));
        const frames = pieces.map((piece, at) => {
          const ends = at === pieces.length - 1 ? flag.endHeaders : 0;
          return frame(at === 0 ? frameType.headers : frameType.continuation, ends, id, piece);
        });
        peer.send(...frames, dataFrame(id, 'cut', true));
        assert.equal((await peer.answer(id)).body.toString(), 'cut');
      }
    }),
  );

  test(
    'takes headers with a priority and padding around them',
    withRig({}, async (rig) => {
      const peer = rig.peer();
      const priority = Buffer.from([0x80, 0, 0, 7, 255]);
      const padded = Buffer.concat([Buffer.from([3]), priority, block, Buffer.alloc(3)]);
      const flags = flag.endHeaders | flag.padded | flag.priority | flag.endStream;
      peer.send(frame(frameType.headers, flags, 1, padded));
      assert.equal((await peer.answer(1)).ended, true);
      assert.equal((await rig.request(0)).head?.fields.length, 5);
    }),
  );

  test(
    'may end with trailers, and be answered with some',
    withRig({}, async (rig) => {
      rig.onEnd = ({ stream, chunks }) => {
        stream.sendHeaders(answerHead);
        stream.send(bodyOf(Buffer.concat(chunks)));
        stream.end(answerHead);
      };
      const peer = rig.peer();
      peer.send(headersFrame(1), dataFrame(1, 'body'), headersFrame(1, true, [['x', 'y']]));
      const { heads, body, reset } = await peer.answer(1);
      assert.deepEqual([heads.length, body.toString(), reset], [2, 'body', undefined]);
      assert.deepEqual((await rig.request(0)).closes, [errorCode.noError]);
    }),
  );

  test(
    'that keeps its content-length is served',
    withRig({}, async (rig) => {
      const peer = rig.peer();
      const sized = [...postFields, ['content-length', '5']] as const;
      peer.send(headersFrame(1, false, sized), dataFrame(1, 'he'), dataFrame(1, 'llo', true));
      assert.equal((await peer.answer(1)).body.toString(), 'hello');
      peer.send(headersFrame(3, false, sized), dataFrame(3, 'hello'), headersFrame(3, true, [['x', 'y']]));
      assert.equal((await peer.answer(3)).body.toString(), 'hello');
    }),
  );

  test(
    'that is answered before its request has ended is reset with NO_ERROR when the peer goes on',
    withRig({}, async (rig) => {
      rig.onRequest = (served) => answer(served, Buffer.from('early'));
      const peer = rig.peer();
      peer.send(headersFrame(1));
      const served = await rig.request(0);
      await peer.until((log) => log.answer(1).ended, 'the answer');
      assert.equal(peer.log.answer(1).body.toString(), 'early');
      await eventually(() => served.closes.length === 1, 'the end is told');
      assert.deepEqual(served.closes, [errorCode.noError]);
      for (let i = 0; i < 4; i++) peer.send(dataFrame(1, Buffer.alloc(16_000)));
      assert.equal(peer.log.answer(1).reset, undefined);
      peer.send(dataFrame(1, Buffer.alloc(16_000)));
      await peer.until((log) => log.answer(1).reset === errorCode.noError, 'the reset');
      assert.equal(served.closes.length, 1);
    }),
  );

  for (const code of [errorCode.cancel, errorCode.internalError, errorCode.noError, 77]) {
    test(
      `that its peer resets with code ${code} was cut`,
      withRig({}, async (rig) => {
        const peer = rig.peer();
        peer.send(headersFrame(1), resetFrame(1, code));
        const served = await rig.request(0);
        await eventually(() => served.closes.length === 1, 'the end is told');
        assert.deepEqual(served.closes, [code === errorCode.noError ? errorCode.cancel : code]);
        assert.equal(served.ended, false);
      }),
    );
  }

  test(
    'whose listener throws ends its connection with INTERNAL_ERROR, and no other',
    withRig({}, async (rig) => {
      const other = rig.peer();
      await other.call(1);
      rig.onRequest = () => {
        throw new Error('a mistake of ours');
      };
      const peer = rig.peer();
      peer.send(headersFrame(1));
      assert.equal((await peer.end())?.code, errorCode.internalError);
      rig.onRequest = () => {};
      assert.equal((await other.call(3)).body.toString(), 'hello');
    }),
  );
});

test(
  'a ping is answered with its payload',
  withRig({}, async (rig) => {
    const peer = rig.peer();
    peer.send(pingFrame('abcdefgh'));
    await peer.until((log) => log.of(frameType.ping).length === 1, 'the answer');
    const [ack] = peer.log.of(frameType.ping);
    assert.deepEqual([ack?.flags, ack?.payload.toString()], [flag.ack, 'abcdefgh']);
  }),
);
