import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorCode, flag, frameType } from '../../src/http2/frames.js';
import type { LimitName } from '../../src/http2/limits.js';
import { eventually } from '../support/eventually.js';
import {
  dataFrame,
  headersFrame,
  pingFrame,
  postFields,
  resetFrame,
  settingsFrame,
  windowUpdate,
} from '../support/http2-peer.js';
import { answer, answerHead, met, withRig } from '../support/http2-rig.js';
import { frame, headerBlock } from '../support/raw-http2.js';

const calm = errorCode.enhanceYourCalm;
const block = headerBlock(postFields);
const ids = (count: number): number[] => Array.from({ length: count }, (_, index) => 2 * index + 1);

describe('streams', () => {
  test(
    'beyond the most of a connection are refused; when one has ended the next is served',
    withRig({ limits: { streamsMax: 3 } }, async (rig) => {
      const peer = rig.peer();
      peer.send(...ids(5).map((id) => headersFrame(id)));
      assert.equal((await peer.answer(7)).reset, errorCode.refusedStream);
      assert.equal((await peer.answer(9)).reset, errorCode.refusedStream);
      assert.deepEqual(met(rig), { streams: 2 });
      peer.send(dataFrame(1, 'first', true));
      assert.equal((await peer.answer(1)).body.toString(), 'first');
      assert.equal((await peer.call(11)).body.toString(), 'hello');
      assert.equal(rig.served.length, 4);
      // The other connections have their own.
      assert.equal((await rig.peer().call(1)).body.toString(), 'hello');
    }),
  );

  test(
    'may be many by default',
    withRig({}, async (rig) => {
      const peer = rig.peer();
      peer.send(...ids(1024).map((id) => headersFrame(id)), headersFrame(2049));
      assert.equal((await peer.answer(2049)).reset, errorCode.refusedStream);
      assert.equal(rig.served.length, 1024);
    }),
  );
});

describe('floods end in ENHANCE_YOUR_CALM, and others do not notice:', () => {
  const limits = { resetsPerSecondMax: 20, idleFramesPerSecondMax: 20, streamsMax: 8 };
  const many = (make: (id: number) => Buffer, count = 2000): Buffer =>
    Buffer.concat(ids(count).map((id) => make(id)));
  const trailersThatDoNotEnd = headersFrame(1, false, [['x', 'y']]).subarray(9);

  const floods: readonly (readonly [title: string, limit: LimitName, bytes: Buffer])[] = [
    ['streams opened and reset', 'resets', many((id) => Buffer.concat([headersFrame(id), resetFrame(id)]))],
    ['mistakes on streams', 'resets', many((id) => Buffer.concat([headersFrame(id), windowUpdate(id, 0)]))],
    [
      'trailers that do not end',
      'resets',
      many((id) => Buffer.concat([headersFrame(id), frame(1, flag.endHeaders, id, trailersThatDoNotEnd)])),
    ],
    [
      'headers behind the end',
      'resets',
      many((id) => Buffer.concat([headersFrame(id, true), headersFrame(id, true)])),
    ],
    [
      'broken promises of content-length',
      'resets',
      many((id) => headersFrame(id, true, [...postFields, ['content-length', '5']])),
    ],
    ['malformed requests', 'resets', many((id) => headersFrame(id, true, []))],
    ['SETTINGS', 'idle-frames', many(() => settingsFrame())],
    ['acknowledged SETTINGS', 'idle-frames', many(() => frame(frameType.settings, flag.ack, 0))],
    ['PING', 'idle-frames', many(() => pingFrame())],
    ['answers to pings', 'idle-frames', many(() => pingFrame('whatever', true))],
    ['PRIORITY', 'idle-frames', many((id) => frame(2, 0, id, Buffer.from([0, 0, 0, 0, 1])))],
    ['unknown frames', 'idle-frames', many(() => frame(99, 0, 0))],
    ['WINDOW_UPDATE', 'idle-frames', many(() => windowUpdate(0, 1))],
    ['empty DATA', 'idle-frames', Buffer.concat([headersFrame(1), many(() => dataFrame(1, ''))])],
    [
      'padding alone',
      'idle-frames',
      Buffer.concat([headersFrame(1), many(() => frame(0, flag.padded, 1, Buffer.from([0])))]),
    ],
    [
      'RST_STREAM of streams that are over',
      'idle-frames',
      Buffer.concat([headersFrame(1), many(() => resetFrame(1))]),
    ],
    [
      'CONTINUATION',
      'idle-frames',
      Buffer.concat([frame(1, 0, 1, block), many(() => frame(9, 0, 1, Buffer.alloc(0)))]),
    ],
  ];
  for (const [title, limit, bytes] of floods) {
    test(
      title,
      withRig({ limits }, async (rig) => {
        rig.onEnd = () => {};
        const other = rig.peer();
        await other.synced();
        const peer = rig.peer();
        peer.send(bytes);
        const last = await peer.end();
        assert.equal(last?.code, calm);
        if (title !== 'CONTINUATION') {
          assert.equal(last.reason, `limit: ${limit}`);
          assert.deepEqual(met(rig), { [limit]: 1 });
        }
        rig.onEnd = ({ stream }) => stream.end(answerHead);
        assert.equal((await other.call(1)).ended, true);
      }),
    );
  }

  test(
    'streams beyond the most, again and again',
    withRig({ limits }, async (rig) => {
      const peer = rig.peer();
      peer.send(many((id) => headersFrame(id)));
      assert.equal((await peer.end())?.reason, 'limit: resets');
      // The first of them are cut off by nothing but the number of streams.
      assert.equal(met(rig).resets, 1);
    }),
  );

  test(
    'new streams behind the last word of a departure',
    withRig({ limits }, async (rig) => {
      const peer = rig.peer();
      peer.send(headersFrame(1));
      await rig.request(0);
      const drained = rig.server.drain();
      await peer.until((log) => log.goAways.length === 2, 'both words');
      peer.send(many((id) => headersFrame(id + 2)));
      assert.equal((await peer.end())?.code, calm);
      await drained;
      assert.deepEqual(met(rig), { resets: 1 });
    }),
  );
});

describe('header fields', () => {
  test(
    'above the limit are told as too large, and the connection goes on in step',
    withRig({ limits: { headerListBytesMax: 1000 } }, async (rig) => {
      const peer = rig.peer();
      const large = Array.from({ length: 12 }, (_, n) => [`x-${n}`, 'v'.repeat(60)] as const);
      peer.send(headersFrame(1, true, [...postFields, ...large]));
      assert.equal((await peer.answer(1)).reset, calm);
      assert.equal((await rig.request(0)).head, undefined);
      assert.deepEqual(met(rig), { 'header-list': 1 });
      assert.equal((await peer.call(3)).body.toString(), 'hello');
    }),
  );

  test(
    'may be answered nevertheless when they are too large',
    withRig({ limits: { headerListBytesMax: 300 } }, async (rig) => {
      rig.onRequest = (served) => answer(served, Buffer.from('too large'));
      const peer = rig.peer();
      peer.send(headersFrame(1, true, [...postFields, ['x', 'v'.repeat(126)]]));
      assert.equal((await peer.answer(1)).body.toString(), 'too large');
    }),
  );

  test(
    'that never end are cut at twice the limit',
    withRig({ limits: { headerListBytesMax: 1000 } }, async (rig) => {
      const peer = rig.peer();
      peer.send(frame(1, 0, 1, Buffer.alloc(900)), frame(9, 0, 1, Buffer.alloc(900)));
      await peer.until((log) => log.of(frameType.settings).length > 0, 'the greeting');
      assert.equal(peer.closed, false);
      peer.send(frame(9, 0, 1, Buffer.alloc(900)));
      assert.equal((await peer.end())?.code, calm);
    }),
  );

  test(
    'in too many frames are cut',
    withRig({}, async (rig) => {
      const peer = rig.peer();
      peer.send(frame(1, 0, 1, block), ...ids(80).map(() => frame(9, 0, 1, Buffer.from([0x82]))));
      assert.equal((await peer.end())?.code, calm);
      assert.equal(rig.served.length, 0);
    }),
  );
});

describe('connections', () => {
  test(
    'beyond the most are closed as they come, and counted',
    withRig({ limits: { connectionsMax: 2 } }, async (rig) => {
      const peers = [rig.peer(), rig.peer()];
      for (const peer of peers) await peer.synced();
      const third = rig.peer();
      assert.equal(await third.end(), undefined);
      assert.equal(third.log.frames.length, 0);
      assert.deepEqual(met(rig), { connections: 1 });
      assert.equal((await peers[0]!.call(1)).body.toString(), 'hello');
      peers[1]!.destroy();
      await eventually(() => rig.server.connectionCount === 1, 'one has gone');
      assert.equal((await rig.peer().call(1)).body.toString(), 'hello');
    }),
  );
});
