import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorCode, firstWindowBytes, frameType, setting } from '../../src/http2/frames.js';
import { dataFrame, headersFrame, resetFrame, settingsFrame, windowUpdate } from '../support/http2-peer.js';
import type { Http2Peer } from '../support/http2-peer.js';
import { eventually } from '../support/eventually.js';
import { answer, answerHead, bodyOf, withRig } from '../support/http2-rig.js';

const big = Buffer.alloc(300_000, 'b');

/** Body bytes that a stream has brought. */
const bodyBytes = (peer: Http2Peer, streamId: number): number =>
  peer.log.of(frameType.data, streamId).reduce((sum, { payload }) => sum + payload.byteLength, 0);

describe('what the server may send', () => {
  test(
    'stays within the window of a stream and goes on when it is opened',
    withRig({}, async (rig) => {
      rig.onEnd = (served) => answer(served, Buffer.alloc(1000, 'x'));
      const peer = rig.peer({ settings: [[setting.initialWindowSize, 10]] });
      peer.send(headersFrame(1, true));
      await peer.until(() => bodyBytes(peer, 1) === 10, 'ten bytes');
      await peer.synced();
      assert.equal(bodyBytes(peer, 1), 10);
      assert.equal(rig.server.pendingBytes, 990);
      peer.send(windowUpdate(1, 1));
      await peer.until(() => bodyBytes(peer, 1) === 11, 'one more');
      peer.send(windowUpdate(1, 5000));
      assert.equal((await peer.answer(1)).body.byteLength, 1000);
      assert.equal(rig.server.pendingBytes, 0);
    }),
  );

  test(
    'stays within the window of the connection, whatever its streams may send',
    withRig({}, async (rig) => {
      rig.onEnd = (served) => answer(served, big);
      const peer = rig.peer({ settings: [[setting.initialWindowSize, 1_000_000]] });
      peer.send(headersFrame(1, true));
      await peer.until(() => bodyBytes(peer, 1) === firstWindowBytes, 'a full window');
      await peer.synced();
      assert.equal(bodyBytes(peer, 1), firstWindowBytes);
      peer.send(windowUpdate(0, 1_000_000));
      assert.deepEqual((await peer.answer(1)).body, big);
    }),
  );

  test(
    'follows an initial window that makes windows negative: nothing is sent until they are above 0 again',
    withRig({}, async (rig) => {
      rig.onEnd = (served) => answer(served, Buffer.alloc(1000));
      const peer = rig.peer({ settings: [[setting.initialWindowSize, 100]] });
      peer.send(headersFrame(1, true));
      await peer.until(() => bodyBytes(peer, 1) === 100, 'a full window');
      peer.send(settingsFrame([setting.initialWindowSize, 30]));
      // Now at -70.
      peer.send(windowUpdate(1, 70));
      await peer.synced();
      assert.equal(bodyBytes(peer, 1), 100);
      peer.send(windowUpdate(1, 1));
      await peer.until(() => bodyBytes(peer, 1) === 101, 'one more');
      peer.send(settingsFrame([setting.initialWindowSize, 5000]));
      assert.equal((await peer.answer(1)).body.byteLength, 1000);
    }),
  );

  test(
    'with an initial window of 0 is the head alone, and an empty body needs no window',
    withRig({}, async (rig) => {
      const peer = rig.peer({ settings: [[setting.initialWindowSize, 0]] });
      peer.send(headersFrame(1), dataFrame(1, 'a', true));
      await peer.until((log) => log.answer(1).heads.length === 1, 'the head');
      assert.deepEqual(await peer.call(3, ''), {
        heads: [{ ':status': '200' }],
        body: Buffer.alloc(0),
        ended: true,
        reset: undefined,
      });
      await peer.synced();
      assert.equal(bodyBytes(peer, 1), 0);
    }),
  );

  test(
    'is shared fairly by two big streams of a connection',
    withRig({}, async (rig) => {
      rig.onEnd = (served) => answer(served, big);
      const peer = rig.peer({ settings: [[setting.initialWindowSize, 1_000_000]] });
      peer.send(headersFrame(1, true), headersFrame(3, true));
      await peer.until(() => bodyBytes(peer, 1) + bodyBytes(peer, 3) === firstWindowBytes, 'a window');
      const before = [bodyBytes(peer, 1), bodyBytes(peer, 3)] as const;
      const more = 200_000;
      peer.send(windowUpdate(0, more));
      const sum = (): number => bodyBytes(peer, 1) + bodyBytes(peer, 3);
      await peer.until(() => sum() === firstWindowBytes + more, 'the rest of the window');
      const shares = [bodyBytes(peer, 1) - before[0], bodyBytes(peer, 3) - before[1]] as const;
      assert.ok(Math.abs(shares[0] - shares[1]) <= 32 * 1024, shares.join());
    }),
  );

  test(
    'of one stream without a window does not stop the others',
    withRig({}, async (rig) => {
      rig.onEnd = (served) => answer(served, big);
      const peer = rig.peer();
      peer.send(windowUpdate(0, 10_000_000), headersFrame(1, true));
      await peer.until(() => bodyBytes(peer, 1) === firstWindowBytes, 'a full window');
      rig.onEnd = (served) => answer(served, Buffer.from('small'));
      for (let id = 3; id < 40; id += 2) assert.equal((await peer.call(id)).body.toString(), 'small');
      assert.equal(bodyBytes(peer, 1), firstWindowBytes);
    }),
  );

  test(
    'respects the frame size of the peer, and keeps the order of bodies and trailers',
    withRig({}, async (rig) => {
      rig.onEnd = ({ stream }) => {
        stream.sendHeaders(answerHead);
        for (const letter of 'abc') stream.send(bodyOf(Buffer.alloc(70_000, letter)));
        stream.end(answerHead);
      };
      for (const frameBytes of [16_384, 20_000, 1_000_000]) {
        const window = [setting.initialWindowSize, 1_000_000] as [number, number];
        const peer = rig.peer({ settings: [[setting.maxFrameSize, frameBytes], window] });
        peer.send(windowUpdate(0, 1_000_000), headersFrame(1, true));
        const { body, heads } = await peer.answer(1);
        assert.equal(heads.length, 2);
        assert.deepEqual(body, Buffer.from('abc'.replaceAll(/./g, (letter) => letter.repeat(70_000))));
        for (const { payload } of peer.log.of(frameType.data)) assert.ok(payload.byteLength <= frameBytes);
      }
    }),
  );

  test(
    'tells a writer when to go on',
    withRig({}, async (rig) => {
      let room = true;
      rig.onEnd = ({ stream }) => {
        stream.sendHeaders(answerHead);
        while (room) room = stream.send(bodyOf(Buffer.alloc(10_000)));
      };
      const peer = rig.peer();
      peer.send(headersFrame(1, true));
      const served = await rig.request(0);
      await peer.until(() => bodyBytes(peer, 1) === firstWindowBytes, 'a full window');
      assert.equal(served.drains, 0);
      assert.ok(rig.server.pendingBytes >= 64 * 1024 && rig.server.pendingBytes < 80 * 1024);
      peer.send(windowUpdate(0, 1_000_000), windowUpdate(1, 1_000_000));
      await eventually(() => served.drains === 1, 'the writer is told');
      assert.equal(rig.server.pendingBytes, 0);
    }),
  );

  test(
    'is dropped with its stream or its connection',
    withRig({}, async (rig) => {
      rig.onEnd = (served) => answer(served, big);
      const peer = rig.peer();
      peer.send(windowUpdate(0, 1_000_000), headersFrame(1, true), headersFrame(3, true));
      await peer.until(() => bodyBytes(peer, 3) === firstWindowBytes, 'full windows');
      assert.equal(rig.server.pendingBytes, 2 * (big.byteLength - firstWindowBytes));
      peer.send(resetFrame(1));
      await peer.synced();
      assert.equal(rig.server.pendingBytes, big.byteLength - firstWindowBytes);
      peer.destroy();
      await eventually(() => rig.server.pendingBytes === 0, 'nothing waits');
      assert.deepEqual((await rig.request(0)).closes, [errorCode.cancel]);
    }),
  );
});

const windows = { streamWindowBytes: 100_000, connectionWindowBytes: 200_000 };
const chunk = Buffer.alloc(10_000, 'c');

describe('what the peer may send', () => {
  test(
    'is announced: the window of streams by SETTINGS, that of the connection at once',
    withRig({ limits: windows }, async (rig) => {
      const peer = rig.peer();
      await peer.synced();
      const [settings] = peer.log.of(frameType.settings);
      const found = new Map<number, number>();
      for (let at = 0; at < settings!.payload.byteLength; at += 6) {
        found.set(settings!.payload.readUInt16BE(at), settings!.payload.readUInt32BE(at + 2));
      }
      assert.equal(found.get(setting.initialWindowSize), 100_000);
      const [update] = peer.log.of(frameType.windowUpdate, 0);
      assert.equal(update?.payload.readUInt32BE(0), 200_000 - firstWindowBytes);
    }),
  );

  test(
    'is bounded on a stream that is paused, while others go on, and flows again afterwards',
    withRig({ limits: windows }, async (rig) => {
      rig.onRequest = ({ stream, head }) => {
        if (head?.path === '/paused') stream.pause();
      };
      const peer = rig.peer();
      const paused = [
        [':method', 'POST'],
        [':scheme', 'http'],
        [':path', '/paused'],
      ] as const;
      // The answers must have room of their own.
      peer.send(windowUpdate(0, 1_000_000));
      peer.send(headersFrame(1, false, paused), ...Array.from({ length: 10 }, () => dataFrame(1, chunk)));
      for (let id = 3; id < 60; id += 2) assert.equal((await peer.call(id, chunk)).body.byteLength, 10_000);
      assert.equal(peer.log.of(frameType.windowUpdate, 1).length, 0);
      const [first] = rig.served;
      first!.stream.resume();
      await peer.until((log) => log.of(frameType.windowUpdate, 1).length > 0, 'new room');
      peer.send(windowUpdate(1, 1_000_000), dataFrame(1, chunk, true));
      assert.equal((await peer.answer(1)).body.byteLength, 110_000);
    }),
  );

  for (const [title, frames, code] of [
    ['stream', [headersFrame(1), ...Array.from({ length: 11 }, () => dataFrame(1, chunk))], 'reset'],
    [
      'connection',
      [1, 3, 5].flatMap((id) => [headersFrame(id), ...Array.from({ length: 9 }, () => dataFrame(id, chunk))]),
      'goaway',
    ],
  ] as const) {
    test(
      `beyond the window of a ${title} is FLOW_CONTROL_ERROR`,
      withRig({ limits: windows }, async (rig) => {
        rig.onRequest = ({ stream }) => stream.pause();
        const peer = rig.peer();
        peer.send(...frames);
        if (code === 'reset') assert.equal((await peer.answer(1)).reset, errorCode.flowControlError);
        else assert.equal((await peer.end())?.code, errorCode.flowControlError);
      }),
    );
  }

  test(
    'counts padding, and is given back for it',
    withRig({ limits: windows }, async (rig) => {
      const peer = rig.peer();
      const padded = Buffer.concat([Buffer.from([255]), Buffer.from('x'), Buffer.alloc(255)]);
      const frame = Buffer.concat([Buffer.from([0, 1, 1, 0, 8, 0, 0, 0, 1]), padded]);
      peer.send(headersFrame(1));
      for (let sent = 0; sent < 1000; sent++) {
        peer.send(frame);
        if (sent % 100 === 99) await peer.synced();
      }
      peer.send(dataFrame(1, '', true));
      assert.equal((await peer.answer(1)).body.byteLength, 1000);
    }),
  );

  test(
    'is given back for what nobody reads: streams that are refused, reset or over',
    withRig({ limits: windows }, async (rig) => {
      const peer = rig.peer();
      rig.onRequest = ({ stream }) => stream.reset(errorCode.refusedStream);
      for (let id = 1; id < 200; id += 2) {
        peer.send(headersFrame(id), dataFrame(id, chunk, true));
        await peer.synced();
      }
      rig.onRequest = () => {};
      assert.equal((await peer.call(201)).body.toString(), 'hello');
    }),
  );

  test(
    'is given back when a paused stream is reset in the middle of its data',
    withRig({ limits: windows }, async (rig) => {
      rig.onRequest = ({ stream }) => stream.pause();
      rig.onData = ({ stream }) => stream.reset(errorCode.cancel);
      const peer = rig.peer();
      for (let id = 1; id < 200; id += 2) {
        peer.send(headersFrame(id), dataFrame(id, chunk));
        await peer.synced();
      }
      rig.onRequest = () => {};
      rig.onData = () => {};
      assert.equal((await peer.call(201)).body.toString(), 'hello');
    }),
  );
});
