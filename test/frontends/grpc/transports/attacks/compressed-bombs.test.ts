import assert from 'node:assert/strict';
import { deflateSync, gzipSync } from 'node:zlib';
import {
  dataFrame,
  headersFrame,
  hugeWindows,
  requestBlock,
  resetFrame,
  streamIds,
  type RawConnection,
} from '../../../../support/raw-connection.js';
import { frame as grpcFrame } from '../raw-client.js';
import { eventually, paths, turns } from '../rig.js';
import { attackTest, mib, peakOfBuffers } from './attacked.js';

const decompressedBytesMax = 4 * mib;

/** What is decompressed at a time, four times: to be joined, and for what the collector has not freed yet. */
const boundBytes = 2 * 4 * 2 * decompressedBytesMax;

const zeros = Buffer.alloc(16 * mib);
const bombs = { gzip: gzipSync(zeros), deflate: deflateSync(zeros) } as const;
/** A message that is just not too large. */
const large = gzipSync(zeros.subarray(0, decompressedBytesMax));

function openCall(connection: RawConnection, id: number, path: string, encoding: string): void {
  connection.write(headersFrame(id, requestBlock(path, [['grpc-encoding', encoding]])));
}

/** A body in frames that the server takes. */
function bodyFrames(id: number, body: Buffer, ended: boolean): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at < body.byteLength; at += 16_384) {
    const piece = body.subarray(at, at + 16_384);
    frames.push(dataFrame(id, piece, ended && at + 16_384 >= body.byteLength));
  }
  return Buffer.concat(frames);
}

for (const encoding of ['gzip', 'deflate'] as const) {
  attackTest(
    `100 bombs at once are refused within bounds: ${encoding}`,
    { limits: { decompressedBytesMax } },
    async (attacked) => {
      const attackers = [0, 1].map(() => attacked.attacker());
      const ids = streamIds(50);
      const bomb = grpcFrame(bombs[encoding], true);
      const grown = await peakOfBuffers(async () => {
        for (const attacker of attackers) {
          for (const id of ids) {
            openCall(attacker, id, id % 4 === 1 ? paths.plain : paths.talk, encoding);
            attacker.write(bodyFrames(id, bomb, true));
          }
        }
        for (const attacker of attackers) {
          await eventually(() => ids.every((id) => attacker.answer(id).ended), 'all are refused');
        }
      });
      for (const attacker of attackers) for (const id of ids) assert.equal(attacker.status(id), 8);
      // The bombs themselves, on their way and as they wait.
      const sent = 3 * 100 * bomb.byteLength;
      assert.ok(grown < boundBytes + sent, `${grown} bytes more`);
    },
  );
}

attackTest(
  'what a paused stream has got stays compressed',
  { limits: { decompressedBytesMax } },
  async (attacked) => {
    let got = 0;
    let resume: (() => void) | undefined;
    attacked.rig.service.open = (call) => ({
      onMessage: (request) => {
        assert.equal(request.byteLength, decompressedBytesMax);
        got++;
        call.pause();
        resume = () => call.resume();
      },
      onEnd: () => call.end(),
    });
    const client = attacked.attacker();
    openCall(client, 1, paths.talk, 'gzip');
    const messages = Buffer.concat(Array.from({ length: 40 }, () => grpcFrame(large, true)));
    const grown = await peakOfBuffers(async () => {
      client.write(bodyFrames(1, messages, true));
      await eventually(() => got > 0, 'the first message has come');
      await turns(500);
      assert.equal(got, 1);
    });
    assert.ok(grown < boundBytes + 4 * messages.byteLength, `${grown} bytes more`);
    for (let taken = 1; taken < 40; taken++) {
      resume!();
      await eventually(() => got > taken, 'the next message has come');
    }
    resume!();
    await eventually(() => client.status(1) === 0, 'the stream ends well');
  },
);

attackTest('bombs that are given up are not kept', { limits: { decompressedBytesMax } }, async (attacked) => {
  const attacker = attacked.attacker({ first: hugeWindows });
  const bomb = grpcFrame(bombs.gzip, true);
  const grown = await peakOfBuffers(async () => {
    for (const id of streamIds(1000)) {
      openCall(attacker, id, paths.plain, 'gzip');
      attacker.write(bodyFrames(id, bomb, true), resetFrame(id));
      if (id % 20 === 1) await turns(5);
    }
    openCall(attacker, 2001, paths.plain, 'gzip');
    attacker.write(bodyFrames(2001, grpcFrame(large, true), true));
    await eventually(() => attacker.answer(2001).ended, 'the last call is answered');
  });
  assert.equal(attacker.status(2001), 0);
  assert.ok(grown < boundBytes + 64 * mib, `${grown} bytes more`);
});

attackTest(
  'a compressed call is served while others send bombs',
  { limits: { decompressedBytesMax } },
  async (attacked) => {
    const attacker = attacked.attacker();
    const bomb = grpcFrame(bombs.gzip, true);
    const ids = streamIds(200);
    for (const id of ids) {
      openCall(attacker, id, paths.plain, 'gzip');
      attacker.write(bodyFrames(id, bomb, true));
    }
    await eventually(() => attacker.answers.size > 0, 'the first bomb is refused');
    const client = attacked.attacker();
    openCall(client, 1, paths.plain, 'gzip');
    client.write(bodyFrames(1, grpcFrame(gzipSync(Buffer.from('x')), true), true));
    await eventually(() => client.answer(1).ended, 'it is answered');
    assert.equal(client.status(1), 0);
    assert.ok(attacker.answers.size < ids.length, 'bombs are still waiting');
    await eventually(() => attacker.answers.size === ids.length, 'all bombs are refused');
  },
);
