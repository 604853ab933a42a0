import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpCall } from '../../../src/frontends/http/exchange.js';
import { decodeBase64 } from '../../../src/frontends/http/base64.js';
import { LoadRoom } from '../../../src/frontends/http/load-room.js';
import * as fc from 'fast-check';

const mib = 1024 * 1024;

/** A call whose head tells of so many bytes; its body is none, and what it may have is kept. */
function callOf(told: number | undefined): { call: HttpCall; allowed: number[] } {
  const allowed: number[] = [];
  const call = {
    headers: told === undefined ? {} : { 'content-length': String(told) },
    async body(bytesMax: number) {
      allowed.push(bytesMax);
      return Buffer.alloc(0);
    },
  };
  return { call: call as unknown as HttpCall, allowed };
}

test('a body that tells its length may be as large as a message of gRPC, where models are loaded by calls', async () => {
  const room = new LoadRoom(64 * mib);
  const cases: readonly [told: number | undefined, large: boolean, allowed: number][] = [
    [undefined, true, 64 * mib],
    [5, true, 64 * mib],
    [100 * mib, true, 100 * mib],
    [2 ** 31 - 1, true, 2 ** 31 - 1],
    [100 * mib, false, 64 * mib],
  ];
  for (const [told, large, expected] of cases) {
    const { call, allowed } = callOf(told);
    await room.use(call, large, async () => {});
    assert.deepEqual(allowed, [expected]);
  }
  await assert.rejects(
    room.use(callOf(2 ** 31).call, true, async () => {}),
    { message: 'load request of 2147483648 bytes exceeds the maximum allowed data size limit INT_MAX' },
  );
});

test('large bodies have room for each other only so far, and give it back', async () => {
  const room = new LoadRoom(64 * mib);
  const second = { code: 'unavailable', message: /takes too many bytes of models at once/ };
  await room.use(callOf(1500 * mib).call, true, async () => {
    await assert.rejects(
      room.use(callOf(600 * mib).call, true, async () => {}),
      second,
    );
    await room.use(callOf(500 * mib).call, true, async () => {});
  });
  await assert.rejects(
    room.use(callOf(1500 * mib).call, true, async () => {
      throw new Error('no model');
    }),
    /no model/,
  );
  await room.use(callOf(1500 * mib).call, true, async () => {});
});

test('base64 is decoded as Node decodes it, with line breaks or without, whatever its length', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(80), async (bytes, width) => {
      const text = Buffer.from(bytes).toString('base64');
      const broken = width === 0 ? text : text.replaceAll(new RegExp(`.{${width}}`, 'g'), '$&\r\n');
      assert.deepEqual(Buffer.from(await decodeBase64(Buffer.from(broken))), Buffer.from(bytes));
    }),
    { seed: 7, numRuns: 200 },
  );
  const large = Buffer.alloc(300_001, 'xyz');
  const decoded = await decodeBase64(Buffer.from(large.toString('base64')));
  assert.ok(large.equals(decoded));
});
