import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorCode, frameType, preface, setting, streamIdMax } from '../../src/http2/frames.js';
import { eventually } from '../support/eventually.js';
import {
  dataFrame,
  headersFrame,
  pingFrame,
  postFields,
  settingsFrame,
  windowUpdate,
} from '../support/http2-peer.js';
import { answer, met, withRig } from '../support/http2-rig.js';
import { frame, headerBlock } from '../support/raw-http2.js';

const block = headerBlock(postFields);

describe('what stands still is cut', () => {
  const receive = { limits: { receiveTimeoutMs: 100 } };
  const halves: readonly (readonly [title: string, bytes: Buffer])[] = [
    ['nothing at all', Buffer.alloc(0)],
    ['half a preface', preface.subarray(0, 10)],
    ['a preface without SETTINGS', preface],
    ['half a frame head', Buffer.concat([preface, settingsFrame(), Buffer.alloc(4)])],
    ['half a frame', Buffer.concat([preface, settingsFrame(), headersFrame(1).subarray(0, 20)])],
    ['half a block', Buffer.concat([preface, settingsFrame(), frame(1, 0, 1, block)])],
    [
      'half DATA',
      Buffer.concat([preface, settingsFrame(), headersFrame(1), Buffer.from([0, 0, 9, 0, 0, 0, 0, 0, 1, 1])]),
    ],
  ];
  for (const [title, bytes] of halves) {
    test(
      `by the receive timeout: ${title}`,
      withRig(receive, async (rig) => {
        const peer = rig.peer({ greet: false });
        peer.send(bytes);
        const last = await peer.end();
        assert.deepEqual([last?.code, last?.reason], [errorCode.noError, 'limit: receive-timeout']);
        assert.deepEqual(met(rig), { 'receive-timeout': 1 });
      }),
    );
  }

  test(
    'on a stream whose listener awaits bytes: the listener is told, the connection goes on',
    withRig(receive, async (rig) => {
      rig.onRequest = ({ stream }) => (stream.awaited = true);
      const peer = rig.peer();
      peer.send(headersFrame(1), dataFrame(1, 'half'));
      assert.equal((await peer.answer(1)).reset, errorCode.cancel);
      assert.equal((await rig.request(0)).standstills, 1);
      rig.onRequest = () => {};
      assert.equal((await peer.call(3)).body.toString(), 'hello');
    }),
  );

  test(
    'but not a stream from which nothing is awaited',
    withRig(receive, async (rig) => {
      const peer = rig.peer();
      peer.send(headersFrame(1), headersFrame(3));
      const awaited = await rig.request(1);
      awaited.stream.awaited = true;
      assert.equal((await peer.answer(3)).reset, errorCode.cancel);
      peer.send(dataFrame(1, 'late', true));
      assert.equal((await peer.answer(1)).body.toString(), 'late');
    }),
  );

  test(
    'by the send timeout: a peer that takes nothing',
    withRig({ limits: { sendTimeoutMs: 100 } }, async (rig) => {
      rig.onEnd = (served) => answer(served, Buffer.alloc(40_000_000));
      const peer = rig.peer({ settings: [[setting.initialWindowSize, 2 ** 31 - 1]] });
      await peer.until((log) => log.of(frameType.settings).length > 1, 'the greeting');
      peer.socket.pause();
      peer.send(windowUpdate(0, 2 ** 30), headersFrame(1, true));
      await eventually(() => rig.server.counts['send-timeout'] === 1, 'the limit is met');
      await eventually(() => rig.server.connectionCount === 0, 'the connection is gone');
      assert.equal(rig.server.pendingBytes, 0);
      assert.deepEqual((await rig.request(0)).closes, [errorCode.cancel]);
    }),
  );

  test(
    'by the idle timeout, in good order: a connection without streams',
    withRig({ limits: { idleTimeoutMs: 60 } }, async (rig) => {
      const peer = rig.peer();
      peer.send(headersFrame(1));
      const busy = rig.peer();
      busy.send(headersFrame(1));
      await peer.until((log) => log.frames.length > 0, 'the greeting');
      peer.send(dataFrame(1, 'x', true));
      const last = await peer.end();
      assert.deepEqual([last?.code, last?.lastId], [errorCode.noError, 1]);
      assert.equal(peer.log.goAways.length, 2);
      assert.deepEqual(met(rig), { 'idle-timeout': 1 });
      busy.send(dataFrame(1, 'y', true));
      assert.equal((await busy.answer(1)).body.toString(), 'y');
    }),
  );
});

describe('keepalive', () => {
  const keepalive = { timeMs: 30, timeoutMs: 10_000 };
  const pings = (peer: { log: { of(type: number): { flags: number }[] } }): number =>
    peer.log.of(frameType.ping).filter(({ flags }) => flags === 0).length;

  test(
    'pings a silent peer, and lets one that answers live',
    withRig({ keepalive }, async (rig) => {
      const peer = rig.peer();
      await peer.until(() => pings(peer) >= 4, 'some pings');
      assert.deepEqual(met(rig), {});
      assert.equal((await peer.call(1)).body.toString(), 'hello');
    }),
  );

  test(
    'cuts a peer that does not answer',
    withRig({ keepalive: { timeMs: 30, timeoutMs: 60 } }, async (rig) => {
      const peer = rig.peer();
      peer.answersPings = false;
      peer.send(headersFrame(1));
      const last = await peer.end();
      assert.deepEqual([last?.code, last?.reason], [errorCode.noError, 'limit: keepalive-timeout']);
      assert.equal(pings(peer), 1);
      assert.deepEqual(met(rig), { 'keepalive-timeout': 1 });
    }),
  );

  test(
    'leaves connections without streams alone where it is told so',
    withRig({ keepalive: { ...keepalive, withoutStreams: false } }, async (rig) => {
      const idle = rig.peer();
      await idle.synced();
      const busy = rig.peer();
      busy.send(headersFrame(1));
      await busy.until(() => pings(busy) >= 4, 'some pings');
      assert.equal(pings(idle), 0);
    }),
  );

  test(
    'sends no more pings without data than allowed',
    withRig({ keepalive: { ...keepalive, pingsWithoutDataMax: 2 } }, async (rig) => {
      const peer = rig.peer();
      const other = rig.peer();
      await peer.until(() => pings(peer) === 2 && pings(other) === 2, 'two pings');
      assert.equal((await peer.call(1)).ended, true);
      await peer.until(() => pings(peer) === 4, 'two more after data');
      assert.equal(pings(other), 2);
    }),
  );

  test(
    'ends a peer that pings too often, by the name that gRPC gives it',
    withRig({ keepalive: { peerIntervalMs: 300_000, strikesMax: 2 } }, async (rig) => {
      const peer = rig.peer();
      peer.send(headersFrame(1));
      for (let ping = 0; ping < 3; ping++) await peer.synced();
      assert.equal(peer.closed, false);
      peer.send(pingFrame());
      const last = await peer.end();
      assert.deepEqual([last?.code, last?.reason], [errorCode.enhanceYourCalm, 'too_many_pings']);
      assert.deepEqual(met(rig), { pings: 1 });
    }),
  );

  test(
    'forgives pings where data is sent in between',
    withRig({ keepalive: { peerIntervalMs: 300_000, strikesMax: 1 } }, async (rig) => {
      const peer = rig.peer();
      for (let id = 1; id < 20; id += 2) {
        assert.equal((await peer.call(id)).ended, true);
        await peer.synced();
      }
      assert.equal(peer.closed, false);
    }),
  );
});

describe('the age of a connection', () => {
  test(
    'asks it to leave in good order: what runs comes to its end, then it closes',
    withRig({ connectionAgeMs: 150 }, async (rig) => {
      const peer = rig.peer();
      peer.send(headersFrame(1));
      await peer.until((log) => log.goAways.length === 2, 'both words');
      assert.deepEqual(
        peer.log.goAways.map(({ lastId, code }) => [lastId, code]),
        [
          [streamIdMax, errorCode.noError],
          [1, errorCode.noError],
        ],
      );
      peer.send(dataFrame(1, 'late', true));
      assert.equal((await peer.answer(1)).body.toString(), 'late');
      await peer.end();
      assert.deepEqual(met(rig), {});
      assert.equal((await rig.peer().call(1)).body.toString(), 'hello');
    }),
  );

  test(
    'cuts it when its grace is over',
    withRig({ connectionAgeMs: 30, connectionAgeGraceMs: 50 }, async (rig) => {
      const peer = rig.peer();
      peer.send(headersFrame(1));
      await peer.end();
      assert.deepEqual(met(rig), { 'connection-age': 1 });
      assert.deepEqual((await rig.request(0)).closes, [errorCode.cancel]);
    }),
  );
});
