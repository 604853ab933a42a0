import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, paths, pattern, type Start } from './rig.js';
import type { RawCall } from './raw-client.js';

const kib = 1024;
const mib = 1024 * kib;

/** Around the frame size of HTTP/2, its first window, and the window of a transport. */
const borders = [16 * kib - 5, 16 * kib, 64 * kib - 6, 64 * kib - 1, 64 * kib].flatMap((size) => [
  size - 1,
  size,
  size + 1,
]);

/** Largest message: 2^31 - 1 bytes, as its prefix says it. Nothing is allocated for a prefix. */
const largest = 0x7fffffff;

function prefix(length: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

export function sizeTests(start: Start): void {
  test('messages of every size around the borders of frames and windows arrive whole', async () => {
    const rig = await start();
    const client = rig.client();
    for (const size of [0, 1, 2, ...borders]) {
      const { code, bytes } = await client.unary(paths.unary, pattern(size));
      assert.equal(code, 0, `${size} bytes`);
      assert.ok(bytes.equals(pattern(size)), `${size} bytes`);
    }
  });

  test('a stream takes messages of all sizes, one behind the other', async () => {
    const rig = await start();
    const stream = rig.client().talk(paths.talk);
    const received: Buffer[] = [];
    const ended = new Promise((resolve) =>
      stream.on('data', (b: Buffer) => received.push(b)).once('end', resolve),
    );
    for (const size of borders) stream.write(pattern(size));
    stream.end();
    await ended;
    assert.equal(received.length, borders.length);
    for (const [i, size] of borders.entries()) assert.ok(received[i]!.equals(pattern(size)), `${size} bytes`);
  });

  for (const size of [5 * mib, 64 * mib]) {
    test(`a message of ${size / mib} MiB arrives whole, both ways`, async () => {
      const rig = await start();
      const { code, bytes } = await rig.client().unary(paths.unary, pattern(size));
      assert.equal(code, 0);
      assert.ok(bytes.equals(pattern(size)));
    });
  }

  for (const path of [paths.unary, paths.serve, paths.talk]) {
    test(`a message of more than 2^31 - 1 bytes is refused at its prefix: ${path}`, async () => {
      const rig = await start();
      const raw = rig.raw();
      const refused = raw.open(path);
      refused.stream.write(prefix(largest + 1));
      await answered(refused);
      assert.equal(refused.status, 8);
      refused.stream.close();
      const taken = raw.open(path);
      taken.stream.write(prefix(largest));
      assert.equal((await raw.unary(paths.unary, Buffer.from('x'))).status, 0);
      assert.equal(taken.status, undefined);
      taken.stream.close(8);
      await taken.closed;
    });
  }
}

async function answered(call: RawCall): Promise<void> {
  await eventually(() => call.status !== undefined, 'a status');
}
