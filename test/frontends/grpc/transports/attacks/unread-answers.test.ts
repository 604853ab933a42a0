import assert from 'node:assert/strict';
import {
  dataFrame,
  headersFrame,
  hugeWindows,
  requestBlock,
  streamIds,
  type RawConnection,
} from '../../../../support/raw-connection.js';
import { frame as grpcFrame } from '../raw-client.js';
import { eventually, paths, turns } from '../rig.js';
import { attackTest, mib, peakOfBuffers, type Attacked } from './attacked.js';

/** Beside the bodies that wait: what is written ahead, blocks and the sockets of the test. */
const besidesBytes = 16 * mib;

/** Answers and messages of streams are of this size; the result counts the calls that were answered. */
function answerWith(attacked: Attacked, bytes: number): { answered: number } {
  const answer = Buffer.alloc(bytes);
  const count = { answered: 0 };
  const { rig } = attacked;
  rig.service.unary = async (request) => {
    if (String(request) === 'good') return Buffer.from(request);
    count.answered++;
    return answer;
  };
  rig.service.open = (call) => ({
    onMessage: () => {
      count.answered++;
      call.write(answer);
    },
    onEnd: () => call.end(),
  });
  return count;
}

function callOn(connection: RawConnection, path: string, ids: readonly number[]): void {
  const block = requestBlock(path);
  const message = grpcFrame(Buffer.from('x'));
  connection.write(...ids.flatMap((id) => [headersFrame(id, block), dataFrame(id, message, true)]));
}

for (const path of [paths.plain, paths.serve, paths.talk]) {
  attackTest(
    `100 answers of 8 MB to a client that opens no window: 64 MiB are held: ${path}`,
    {},
    async (attacked) => {
      const { transport } = attacked;
      const count = answerWith(attacked, 8 * mib);
      const attacker = attacked.attacker();
      const ids = streamIds(100);
      const grown = await peakOfBuffers(async () => {
        callOn(attacker, path, ids);
        await eventually(() => count.answered === 100, 'all handlers have answered');
        await turns(20);
      });
      assert.ok(transport.pendingBytes <= 64 * mib, `${transport.pendingBytes} bytes pending`);
      assert.ok(transport.pendingBytes >= 48 * mib, `${transport.pendingBytes} bytes pending`);
      assert.ok(grown <= 64 * mib + besidesBytes, `${grown} bytes more`);
      await eventually(
        () => ids.filter((id) => attacker.status(id) === 8).length >= 92,
        'the rest is refused',
      );
    },
  );

  attackTest(
    `100 answers of 8 MB to a socket that is not read: 64 MiB are held: ${path}`,
    {},
    async (attacked) => {
      const { transport } = attacked;
      const count = answerWith(attacked, 8 * mib);
      const attacker = attacked.attacker({ first: hugeWindows, read: false });
      const grown = await peakOfBuffers(async () => {
        callOn(attacker, path, streamIds(100));
        await eventually(() => count.answered === 100, 'all handlers have answered');
        await turns(20);
      });
      assert.ok(transport.pendingBytes <= 64 * mib, `${transport.pendingBytes} bytes pending`);
      assert.ok(grown <= 64 * mib + besidesBytes, `${grown} bytes more`);
      assert.equal(transport.callCount >= 1, true);
      attacker.close();
      await eventually(() => transport.pendingBytes === 0, 'nothing is pending for a client that is gone');
    },
  );
}

const fewBytes = { pendingBytesMax: 16 * mib, pendingBytesMaxOfServer: 64 * mib };

for (const connections of [20, 200]) {
  const name = `${connections} connections that read nothing hold together what the server allows`;
  attackTest(name, { limits: fewBytes }, async (attacked) => {
    const { transport } = attacked;
    const count = answerWith(attacked, 2 * mib);
    const attackers = Array.from({ length: connections }, () => attacked.attacker());
    const grown = await peakOfBuffers(async () => {
      for (const attacker of attackers) callOn(attacker, paths.plain, streamIds(10));
      await eventually(() => count.answered === 10 * connections, 'all handlers have answered');
      await turns(20);
    });
    // The last one may begin while there is room.
    const most = fewBytes.pendingBytesMaxOfServer + 2 * mib;
    assert.ok(transport.pendingBytes <= most, `${transport.pendingBytes} bytes pending`);
    assert.ok(grown <= most + besidesBytes, `${grown} bytes more`);
  });
}

attackTest(
  'a connection on which nothing moves is cut behind the send timeout',
  { limits: { sendTimeoutMs: 200 } },
  async (attacked) => {
    answerWith(attacked, 8 * mib);
    const attacker = attacked.attacker({ first: hugeWindows, read: false });
    callOn(attacker, paths.plain, streamIds(8));
    await eventually(() => attacked.met('send-timeout') === 1, 'it is cut');
    assert.equal(attacked.transport.pendingBytes, 0);
    await eventually(() => attacked.transport.connectionCount === 2, 'its socket is gone');
  },
);

attackTest(
  'a connection on which bytes drip is cut behind the send timeout',
  { limits: { sendTimeoutMs: 200 } },
  async (attacked) => {
    answerWith(attacked, 8 * mib);
    const attacker = attacked.attacker({ first: hugeWindows, read: false });
    callOn(attacker, paths.plain, streamIds(8));
    // Takes a piece of the socket, and pauses it at once.
    attacker.socket.on('data', () => attacker.socket.pause());
    const drip = setInterval(() => attacker.socket.resume(), 50);
    try {
      await eventually(() => attacked.met('send-timeout') === 1, 'it is cut');
    } finally {
      clearInterval(drip);
    }
    assert.equal(attacked.transport.pendingBytes, 0);
  },
);

attackTest('a client that reads late gets all of its answers', {}, async (attacked) => {
  answerWith(attacked, 2 * mib);
  const client = attacked.attacker({ first: hugeWindows, read: false });
  const ids = streamIds(20);
  callOn(client, paths.plain, ids);
  await eventually(() => attacked.transport.pendingBytes > 20 * mib, 'answers wait');
  client.read();
  await eventually(() => ids.every((id) => client.answer(id).ended), 'all answers have come');
  for (const id of ids) assert.equal(client.status(id), 0);
  assert.equal(client.goAway, undefined);
  assert.equal(attacked.met('pending-bytes'), 0);
});
