import assert from 'node:assert/strict';
import { errorCode, flag, frameType } from '../../../../../src/http2/frames.js';
import { literal } from '../../../../support/hpack.js';
import { frame, preface } from '../../../../support/raw-http2.js';
import {
  dataFrame,
  headersFrame,
  prefaceWithWindow,
  requestBlock,
  resetFrame,
  streamIds,
  windowUpdate,
  type RawConnection,
} from '../../../../support/raw-connection.js';
import { frame as grpcFrame } from '../raw-client.js';
import { eventually, paths } from '../rig.js';
import { attackTest, mib, peakOfBuffers } from './attacked.js';

const talk = headersFrame(1, requestBlock(paths.talk));
const eight = Buffer.alloc(8);

/** What a flood is made of; the streams that it speaks of are opened first. */
interface Flood {
  readonly open: Buffer;
  readonly frame: Buffer;
  readonly limit?: 'idle-frames' | 'resets';
}

const resetTalk = Buffer.concat([talk, resetFrame(1)]);
const floods: Record<string, Flood> = {
  PING: { open: talk, frame: frame(frameType.ping, 0, 0, eight) },
  'PING answers': { open: talk, frame: frame(frameType.ping, flag.ack, 0, eight) },
  'empty SETTINGS': { open: talk, frame: frame(frameType.settings, 0, 0) },
  'SETTINGS that change the windows': { open: talk, frame: prefaceWithWindow(70_000).subarray(24) },
  'SETTINGS acknowledgements': { open: talk, frame: frame(frameType.settings, flag.ack, 0) },
  PRIORITY: { open: talk, frame: frame(frameType.priority, 0, 1, Buffer.alloc(5)) },
  'PRIORITY of a stream not opened': { open: talk, frame: frame(frameType.priority, 0, 9, Buffer.alloc(5)) },
  'empty DATA': { open: talk, frame: dataFrame(1, Buffer.alloc(0)) },
  'DATA of padding alone': {
    open: talk,
    frame: frame(frameType.data, flag.padded, 1, Buffer.from([3, 0, 0, 0])),
  },
  'DATA on a stream that was reset': { open: resetTalk, frame: dataFrame(1, Buffer.from('x')) },
  'WINDOW_UPDATE of 1': { open: talk, frame: windowUpdate(1, 1) },
  'WINDOW_UPDATE of 1 for the connection': { open: talk, frame: windowUpdate(0, 1) },
  'WINDOW_UPDATE on a closed stream': { open: resetTalk, frame: windowUpdate(1, 1) },
  'unknown frames': { open: talk, frame: frame(0xbe, 0, 1, eight) },
  'RST_STREAM on a closed stream': { open: resetTalk, frame: resetFrame(1) },
  'HEADERS on a stream that the server has reset': {
    open: Buffer.concat([talk, windowUpdate(1, 0)]),
    frame: headersFrame(1, requestBlock(paths.talk)),
  },
  GOAWAY: { open: talk, frame: frame(frameType.goAway, 0, 0, eight) },
};

for (const [name, { open, frame: one, limit = 'idle-frames' }] of Object.entries(floods)) {
  attackTest(`a flood is cut after a bounded number: ${name}`, {}, async (attacked) => {
    const attacker = attacked.attacker();
    attacker.write(open, ...Array.from({ length: 1500 }, () => one));
    await eventually(() => attacker.count(frameType.settings) >= 2, 'the flood has begun');
    assert.equal(attacked.met(limit), 0, 'what may come at once is borne');
    const many = Buffer.concat(Array.from({ length: 1000 }, () => one));
    for (let sent = 0; sent < 50; sent++) attacker.write(many);
    await assertCut(attacker);
    assert.equal(attacked.met(limit), 1);
  });
}

async function assertCut(attacker: RawConnection): Promise<void> {
  await eventually(() => attacker.isClosed, 'the attacker is cut');
  assert.equal(attacker.goAway?.code, errorCode.enhanceYourCalm);
}

attackTest(
  'pings that come too often cost strikes',
  { pingIntervalWithoutDataMs: 60_000, pingStrikesMax: 2 },
  async (attacked) => {
    const attacker = attacked.attacker();
    const ping = frame(frameType.ping, 0, 0, eight);
    attacker.write(ping, ping, ping, ping);
    await assertCut(attacker);
    assert.equal(attacker.goAway?.reason, 'too_many_pings');
    assert.equal(attacker.count(frameType.ping), 3);
    assert.equal(attacked.met('pings'), 1);
  },
);

const continuations: Record<string, Buffer> = {
  'endless empty ones': frame(frameType.continuation, 0, 1),
  'endless small ones': frame(
    frameType.continuation,
    0,
    1,
    literal({ mode: 'plain', name: 'a', value: 'b' }),
  ),
  'large ones': frame(
    frameType.continuation,
    0,
    1,
    literal({ mode: 'plain', name: 'a', value: 'b'.repeat(16_000) }),
  ),
};

for (const [name, one] of Object.entries(continuations)) {
  attackTest(`a header block without an end is cut: ${name}`, {}, async (attacked) => {
    const attacker = attacked.attacker();
    const grown = await peakOfBuffers(async () => {
      attacker.write(headersFrame(1, requestBlock(paths.plain), 0));
      for (let sent = 0; sent < 200; sent++) attacker.write(one);
      await assertCut(attacker);
    });
    assert.equal(attacked.met('header-list'), 1);
    assert.ok(grown < 20 * mib, `${grown} bytes more`);
  });
}

/** HEADERS to the end, which are answered at once, from a client that does not read the answers. */
attackTest('answers without a message that nobody reads are bounded too', {}, async (attacked) => {
  const attacker = attacked.attacker({ read: false });
  const block = requestBlock('/no.Such/Method');
  const grown = await peakOfBuffers(async () => {
    let sentTo = 0;
    const more = (): void => {
      const ids = streamIds(2000, sentTo * 4000 + 1);
      sentTo++;
      attacker.socket.write(
        Buffer.concat(ids.map((id) => headersFrame(id, block, flag.endHeaders | flag.endStream))),
        () => sentTo < 200 && !attacker.isClosed && more(),
      );
    };
    more();
    await eventually(() => sentTo === 200 || attacker.isClosed || attacked.met('pending-bytes') > 0, 'cut');
  });
  assert.equal(attacked.met('pending-bytes'), 1);
  assert.ok(grown < 40 * mib, `${grown} bytes more`);
});

attackTest('a client that reads much and often widens its windows is not cut', {}, async (attacked) => {
  const answer = Buffer.alloc(96 * mib);
  attacked.rig.service.unary = async (request) =>
    String(request) === 'good' ? Buffer.from(request) : answer;
  const client = attacked.attacker();
  client.onData = (streamId, bytes) => client.write(windowUpdate(0, bytes), windowUpdate(streamId, bytes));
  client.write(headersFrame(1, requestBlock(paths.plain)), dataFrame(1, grpcFrame(Buffer.from('x')), true));
  await eventually(() => client.answer(1).ended || client.isClosed, 'all has come');
  assert.equal(client.status(1), 0);
  assert.equal(client.answer(1).dataBytes, answer.byteLength + 5);
  assert.ok(client.count(frameType.data) > 3000);
});

attackTest('a client whose many uploads are refused in the middle is not cut', {}, async (attacked) => {
  const client = attacked.attacker({ first: preface });
  const bad = Buffer.concat([Buffer.from([7, 0, 1, 0, 0]), Buffer.alloc(16_000)]);
  const more = Buffer.alloc(16_000);
  // 64 MB are under way: what the windows allow.
  for (const id of streamIds(100)) {
    client.write(headersFrame(id, requestBlock(paths.plain)), dataFrame(id, bad));
    for (let sent = 0; sent < 40; sent++) client.write(dataFrame(id, more));
  }
  client.write(
    headersFrame(201, requestBlock(paths.plain)),
    dataFrame(201, grpcFrame(Buffer.from('x')), true),
  );
  await eventually(() => client.answer(201).ended || client.isClosed, 'the last call is answered');
  assert.equal(client.status(201), 0);
  for (const id of streamIds(100)) assert.equal(client.status(id), 13);
});
