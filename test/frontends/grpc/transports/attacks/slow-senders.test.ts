import assert from 'node:assert/strict';
import { frameType } from '../../../../../src/http2/frames.js';
import { frame, preface } from '../../../../support/raw-http2.js';
import { dataFrame, headersFrame, requestBlock, streamIds } from '../../../../support/raw-connection.js';
import { frame as grpcFrame } from '../raw-client.js';
import { eventually, paths } from '../rig.js';
import { attackTest, mib, peakOfBuffers, type Attacked } from './attacked.js';

const receiveTimeoutMs = 400;
const limits = { receiveTimeoutMs };
const block = requestBlock(paths.plain);

/** Half of a request, in the states in which one may stop. */
const halves: Record<string, (id: number) => Buffer[]> = {
  'without its message': (id) => [headersFrame(id, block)],
  'within the prefix of its message': (id) => [headersFrame(id, block), dataFrame(id, Buffer.alloc(3))],
  'within its message': (id) => [
    headersFrame(id, block),
    dataFrame(id, grpcFrame(Buffer.alloc(100)).subarray(0, 50)),
  ],
  'behind its message': (id) => [headersFrame(id, block), dataFrame(id, grpcFrame(Buffer.from('x')))],
  'within a message of a stream': (id) => [
    headersFrame(id, requestBlock(paths.talk)),
    dataFrame(id, Buffer.alloc(4)),
  ],
};

for (const [name, half] of Object.entries(halves)) {
  attackTest(`4,000 requests that stop ${name} are reaped`, { limits }, async (attacked) => {
    const ids = streamIds(1000);
    const attackers = [0, 1, 2, 3].map(() => attacked.attacker());
    for (const attacker of attackers) attacker.write(...ids.flatMap(half));
    for (const attacker of attackers) {
      await eventually(() => ids.every((id) => attacker.answer(id).ended), 'all are reaped');
    }
    assert.ok(attacked.transport.callCount <= 2);
    for (const attacker of attackers) {
      for (const id of ids) assert.equal(attacker.status(id), 14);
      assert.equal(attacker.goAway, undefined);
    }
  });
}

/** Sends a byte every few milliseconds: each is progress, and none is enough. */
async function drip(attacked: Attacked, first: Buffer, bytes: Buffer, over: () => boolean): Promise<void> {
  const attacker = attacked.attacker({ first });
  let at = 0;
  const timer = setInterval(() => {
    attacker.write(bytes.subarray(at, at + 1));
    at = Math.min(at + 1, bytes.byteLength - 1);
  }, 30);
  try {
    await eventually(() => attacker.isClosed || over(), 'what drips is cut');
  } finally {
    clearInterval(timer);
  }
}

const began = Buffer.concat([preface, headersFrame(1, block, 0)]);
const drips: Record<string, readonly [first: Buffer, bytes: Buffer]> = {
  'the preface': [Buffer.alloc(0), preface.subarray(0, 24)],
  'the first SETTINGS': [preface.subarray(0, 24), frame(frameType.settings, 0, 0, Buffer.alloc(6000))],
  'a frame of headers': [preface, headersFrame(1, Buffer.alloc(16_000))],
  'a frame that is unknown': [preface, frame(0xbe, 0, 0, Buffer.alloc(16_000))],
  'a frame of data': [
    Buffer.concat([preface, headersFrame(1, requestBlock(paths.talk))]),
    dataFrame(1, Buffer.alloc(16_000)),
  ],
  'a header block in frames of one byte': [
    began,
    Buffer.concat(Array.from({ length: 60 }, () => frame(frameType.continuation, 0, 1, Buffer.from([0])))),
  ],
};

for (const [name, [first, bytes]] of Object.entries(drips)) {
  attackTest(`a connection on which ${name} comes byte by byte is cut`, { limits }, async (attacked) => {
    const before = attacked.transport.connectionCount;
    await drip(attacked, first, bytes, () => false);
    assert.equal(attacked.met('receive-timeout'), 1);
    await eventually(() => attacked.transport.connectionCount === before, 'it is gone');
  });
}

attackTest('a connection that says nothing at all is cut', { limits }, async (attacked) => {
  const silent = Array.from({ length: 50 }, () => attacked.attacker({ first: Buffer.alloc(0) }));
  await eventually(() => silent.every(({ isClosed }) => isClosed), 'all are cut');
  assert.equal(attacked.met('receive-timeout'), 50);
});

attackTest('a message that comes in frames of one byte is too slow', { limits }, async (attacked) => {
  const attacker = attacked.attacker({ first: Buffer.concat([preface, headersFrame(1, block)]) });
  const message = grpcFrame(Buffer.alloc(100_000));
  let at = 0;
  const timer = setInterval(() => attacker.write(dataFrame(1, message.subarray(at, ++at))), 5);
  try {
    await eventually(() => attacker.answer(1).ended, 'the call is ended');
  } finally {
    clearInterval(timer);
  }
  assert.equal(attacker.status(1), 14);
});

attackTest('a stream that waits between its messages is no slow sender', { limits }, async (attacked) => {
  const client = attacked.attacker();
  const message = grpcFrame(Buffer.from('x'));
  client.write(headersFrame(1, requestBlock(paths.talk)), dataFrame(1, message));
  const slow = attacked.attacker();
  slow.write(headersFrame(1, block));
  // Long enough: what stands still on another connection has been reaped meanwhile, twice.
  await eventually(() => slow.answer(1).ended, 'the slow one is reaped');
  slow.write(headersFrame(3, block));
  await eventually(() => slow.answer(3).ended, 'and once more');
  client.write(dataFrame(1, message, true));
  await eventually(() => client.answer(1).ended, 'the stream ends');
  assert.equal(client.status(1), 0);
  assert.equal(client.answer(1).dataBytes, 2 * message.byteLength);
});

attackTest(
  '100 messages of 1 GiB that are announced and do not come take no memory',
  {},
  async (attacked) => {
    const prefix = Buffer.from([0, 0x40, 0, 0, 0]);
    const attackers = [0, 1, 2, 3].map(() => attacked.attacker());
    const grown = await peakOfBuffers(async () => {
      for (const attacker of attackers) {
        for (const id of streamIds(25)) attacker.write(headersFrame(id, block), dataFrame(id, prefix));
      }
      await eventually(() => attacked.transport.callCount >= 100, 'all have begun');
    });
    assert.ok(grown < 20 * mib, `${grown} bytes more`);
  },
);

attackTest(
  'messages of 1 MiB that are announced on every stream take little memory',
  {},
  async (attacked) => {
    const prefix = Buffer.from([0, 0, 0x10, 0, 0]);
    const attacker = attacked.attacker();
    const grown = await peakOfBuffers(async () => {
      for (const id of streamIds(1000)) attacker.write(headersFrame(id, block), dataFrame(id, prefix));
      await eventually(() => attacked.transport.callCount >= 1000, 'all have begun');
    });
    // 64 MiB are set aside at most, and nothing beyond.
    assert.ok(grown < 72 * mib, `${grown} bytes more`);
  },
);

attackTest('a message of 2^31 bytes is refused at its prefix', {}, async (attacked) => {
  const attacker = attacked.attacker();
  for (const [id, path] of [[1, paths.plain] as const, [3, paths.talk] as const]) {
    attacker.write(headersFrame(id, requestBlock(path)), dataFrame(id, Buffer.from([0, 0x80, 0, 0, 0])));
    await eventually(() => attacker.answer(id).ended, 'it is refused');
    assert.equal(attacker.status(id), 8);
  }
  assert.equal(attacker.goAway, undefined);
});
