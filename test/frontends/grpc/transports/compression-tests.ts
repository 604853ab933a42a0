import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import type { CompressionLevel } from '../../../../src/frontends/grpc/transport.js';
import { InferenceError } from '../../../../src/inference/error.js';
import { readAll } from './bytes-client.js';
import { numbered, numberIn, paths, pattern, type Start } from './rig.js';
import { frame, type RawMessage } from './raw-client.js';

/** grpc-js's numbers for the algorithms. */
const algorithms = { deflate: 1, gzip: 2 } as const;

const unpack: Readonly<Record<string, (message: RawMessage) => Buffer>> = {
  gzip: ({ bytes }) => gunzipSync(bytes),
  deflate: ({ bytes }) => inflateSync(bytes),
  identity: ({ bytes }) => bytes,
};

/** Level, what the client accepts, and what it gets. */
const choices: readonly (readonly [CompressionLevel, string | undefined, string])[] = [
  ['none', 'identity,deflate,gzip', 'identity'],
  ['low', 'identity,deflate,gzip', 'gzip'],
  ['medium', 'identity,deflate,gzip', 'deflate'],
  ['high', 'identity, deflate, gzip', 'deflate'],
  ['low', 'identity,deflate', 'deflate'],
  ['high', 'gzip', 'gzip'],
  ['high', 'identity', 'identity'],
  ['high', 'br,zstd', 'identity'],
  ['high', undefined, 'identity'],
];

export function compressionTests(start: Start): void {
  for (const [level, accepted, expected] of choices) {
    test(`at level ${level} a client that accepts ${accepted ?? 'nothing'} gets ${expected}`, async () => {
      const rig = await start({ responseCompression: level });
      const headers = accepted === undefined ? {} : { 'grpc-accept-encoding': accepted };
      const raw = rig.raw();
      for (const path of [paths.unary, paths.serve, paths.talk]) {
        const call = await raw.unary(path, pattern(5000), { headers });
        const [message] = call.messages;
        assert.equal((await call.headers)['grpc-encoding'] ?? 'identity', expected, path);
        assert.equal(message!.compressed, expected !== 'identity', path);
        assert.deepEqual(unpack[expected]!(message!), pattern(5000), path);
        assert.equal(call.status, 0);
      }
    });
  }

  test('a method that does not ask for it is never compressed', async () => {
    const rig = await start({ responseCompression: 'high' });
    const call = await rig
      .raw()
      .unary(paths.plain, pattern(5000), { headers: { 'grpc-accept-encoding': 'gzip' } });
    assert.deepEqual(call.messages, [{ compressed: false, bytes: pattern(5000) }]);
  });

  for (const [name, number] of Object.entries(algorithms)) {
    for (const level of ['none', 'low', 'high'] as const) {
      test(`a client that compresses with ${name} is understood and answered at level ${level}`, async () => {
        const rig = await start({ responseCompression: level });
        const client = rig.client(undefined, { 'grpc.default_compression_algorithm': number });
        for (const length of [0, 1, 100_000]) {
          const { code, bytes } = await client.unary(paths.unary, pattern(length));
          assert.equal(code, 0);
          assert.deepEqual(bytes, pattern(length));
        }
        const stream = client.talk(paths.talk);
        const read = readAll(stream);
        for (let i = 0; i < 100; i++) stream.write(numbered(i, 1000));
        stream.end();
        const { code, messages } = await read;
        assert.equal(code, 0);
        assert.deepEqual(
          messages.map(numberIn),
          Array.from({ length: 100 }, (_, i) => i),
        );
      });
    }
  }

  test('messages of one stream may be compressed or not, and keep their order', async () => {
    const rig = await start();
    const call = rig.raw().open(paths.talk, { headers: { 'grpc-encoding': 'gzip' } });
    const large = pattern(300_000);
    call.stream.write(frame(gzipSync(large), true));
    call.stream.write(frame(Buffer.from('plain')));
    call.stream.end(frame(gzipSync(Buffer.from('small')), true));
    await call.closed;
    assert.deepEqual(
      call.messages.map(({ bytes }) => bytes),
      [large, Buffer.from('plain'), Buffer.from('small')],
    );
  });

  test('large and small answers of a compressed stream keep their order', async () => {
    const rig = await start({ responseCompression: 'low' });
    rig.service.open = (call) => ({
      onMessage() {
        for (let i = 0; i < 60; i++) call.write(numbered(i, i % 3 === 0 ? 200_000 : 10));
        call.end();
      },
      onEnd() {},
    });
    const call = await rig
      .raw()
      .unary(paths.serve, Buffer.from('go'), { headers: { 'grpc-accept-encoding': 'gzip' } });
    assert.equal(call.status, 0);
    assert.deepEqual(
      call.messages.map((message) => unpack['gzip']!(message).readUInt32BE()),
      Array.from({ length: 60 }, (_, i) => i),
    );
  });

  test('a compressed stream that fails in the middle ends with its status', async () => {
    const rig = await start({ responseCompression: 'low' });
    rig.service.open = (call) => ({
      onMessage() {
        for (let i = 0; i < 10; i++) call.write(pattern(100_000));
        call.fail(new InferenceError('not-found', 'gone'));
      },
      onEnd() {},
    });
    const call = await rig
      .raw()
      .unary(paths.serve, Buffer.from('go'), { headers: { 'grpc-accept-encoding': 'gzip' } });
    assert.deepEqual({ status: call.status, details: call.details }, { status: 5, details: 'gone' });
  });

  test('an error is answered alike when answers are compressed', async () => {
    const rig = await start({ responseCompression: 'high' });
    rig.service.unary = async () => {
      throw new InferenceError('not-found', 'gone');
    };
    const { code, details } = await rig.client().unary(paths.unary, Buffer.from('x'));
    assert.deepEqual({ code, details }, { code: 5, details: 'gone' });
  });

  test('a request in an unknown encoding is UNIMPLEMENTED', async () => {
    const rig = await start();
    const call = rig.raw().open(paths.unary, { headers: { 'grpc-encoding': 'br' } });
    call.stream.end(frame(Buffer.from('x'), true));
    await call.closed;
    assert.equal(call.status, 12);
  });

  test('a request that says it is compressed and is not fails with INTERNAL', async () => {
    const rig = await start();
    for (const bytes of [
      Buffer.from('not gzip'),
      gzipSync(pattern(5000)).subarray(0, 60),
      deflateSync('x'),
    ]) {
      const call = rig.raw().open(paths.unary, { headers: { 'grpc-encoding': 'gzip' } });
      call.stream.end(frame(bytes, true));
      await call.closed;
      assert.equal(call.status, 13);
    }
  });
}
