import assert from 'node:assert/strict';
import { errorCode, flag, frameType } from '../../../../../src/http2/frames.js';
import { indexed, literal } from '../../../../support/hpack.js';
import { frame } from '../../../../support/raw-http2.js';
import {
  dataFrame,
  headersFrame,
  hugeWindows,
  requestBlock,
  streamIds,
  type RawConnection,
} from '../../../../support/raw-connection.js';
import { frame as grpcFrame } from '../raw-client.js';
import { eventually, paths } from '../rig.js';
import { attackTest, mib, usedBytes } from './attacked.js';

const message = grpcFrame(Buffer.from('x'));
const listBytesMax = 64 * 1024;

/** A header block in as many frames as it takes. */
function blockFrames(streamId: number, block: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < block.byteLength; at += 16_384) {
    const last = at + 16_384 >= block.byteLength ? flag.endHeaders : 0;
    const type = at === 0 ? frameType.headers : frameType.continuation;
    pieces.push(frame(type, last, streamId, block.subarray(at, at + 16_384)));
  }
  return Buffer.concat(pieces);
}

async function call(connection: RawConnection, id: number, block: Buffer): Promise<number | undefined> {
  connection.write(blockFrames(id, block), dataFrame(id, message, true));
  await eventually(() => connection.answer(id).ended || connection.isClosed, 'the call is over');
  return connection.status(id);
}

/** What the five fields of a request count, each with 32 bytes more. */
const ownBytes = ([':method', 'POST', ':scheme', 'http', ':path', paths.plain] as string[])
  .concat(['content-type', 'application/grpc', 'te', 'trailers'])
  .reduce((sum, text) => sum + text.length, 5 * 32);

attackTest(
  'a header list of just the limit is taken, one of a byte more is refused',
  {},
  async (attacked) => {
    const client = attacked.attacker();
    const room = listBytesMax - ownBytes - 'x-big'.length - 32;
    assert.equal(await call(client, 1, requestBlock(paths.plain, [['x-big', 'v'.repeat(room)]])), 0);
    assert.equal(await call(client, 3, requestBlock(paths.plain, [['x-big', 'v'.repeat(room + 1)]])), 8);
    assert.equal(await call(client, 5, requestBlock(paths.plain)), 0);
    assert.equal(attacked.met('header-list'), 1);
  },
);

attackTest('1 MB of metadata costs its connection', {}, async (attacked) => {
  const client = attacked.attacker();
  await call(client, 1, requestBlock(paths.plain, [['x-big', 'v'.repeat(1_000_000)]]));
  assert.equal(client.goAway?.code, errorCode.enhanceYourCalm);
  assert.equal(attacked.met('header-list'), 1);
});

attackTest('behind a list that is too large the tables are still in step', {}, async (attacked) => {
  const client = attacked.attacker();
  const path = literal({ name: ':path', value: paths.plain });
  const big = literal({ mode: 'plain', name: 'x-big', value: 'v'.repeat(70_000) });
  const others = [
    literal({ mode: 'plain', name: ':method', value: 'POST' }),
    literal({ mode: 'plain', name: ':scheme', value: 'http' }),
  ];
  const type = literal({ name: 'content-type', value: 'application/grpc' });
  // The list is too large in its middle; what stands behind it goes into the table all the same.
  assert.equal(await call(client, 1, Buffer.concat([...others, path, big, type])), 8);
  assert.equal(await call(client, 3, Buffer.concat([...others, indexed(63), indexed(62)])), 0);
});

attackTest(
  'a small block that stands for a large list is refused, and nothing grows',
  {},
  async (attacked) => {
    const client = attacked.attacker();
    const big = literal({ name: 'x-big', value: 'v'.repeat(1900) });
    assert.equal(await call(client, 1, Buffer.concat([requestBlock(paths.plain), big])), 0);
    const bomb = Buffer.concat([
      requestBlock(paths.plain),
      ...Array.from({ length: 16_000 }, () => indexed(62)),
    ]);
    const before = await usedBytes();
    for (const id of streamIds(200, 3)) assert.equal(await call(client, id, bomb), 8);
    assert.equal(await call(client, 403, Buffer.concat([requestBlock(paths.plain), indexed(62)])), 0);
    const grown = (await usedBytes()) - before;
    assert.ok(grown < 4 * mib, `${grown} bytes more`);
    assert.equal(attacked.met('header-list'), 200);
  },
);

attackTest('values that never come again leave nothing behind', {}, async (attacked) => {
  const client = attacked.attacker({ first: hugeWindows });
  const send = async (from: number, count: number): Promise<void> => {
    for (const id of streamIds(count, from)) {
      const fresh = literal({ name: `x-${id}`, value: `value-${id}`.padEnd(60, '.') });
      client.write(
        headersFrame(id, Buffer.concat([requestBlock(paths.plain), fresh])),
        dataFrame(id, message, true),
      );
      if (id % 1000 === 1) await eventually(() => client.answer(id).ended, 'a call is answered');
    }
    const last = from + 2 * (count - 1);
    await eventually(() => client.answer(last).ended, 'the last call is answered');
    client.answers.clear();
  };
  await send(1, 1000);
  const before = await usedBytes();
  await send(2001, 20_000);
  const grown = (await usedBytes()) - before;
  assert.ok(grown < 2 * mib, `${grown} bytes more`);
});
