import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InferenceError } from '../../../../src/inference/error.js';
import type { Call } from '../../../../src/frontends/grpc/transport.js';
import { paths, type Start } from './rig.js';
import { frame } from './raw-client.js';

const binary = 'a\u0000\u00ffz';
const base64 = Buffer.from(binary, 'latin1').toString('base64');

/** The binary value on the wire, with or without padding, which senders may leave out. */
function isBinary(value: unknown): boolean {
  return String(value).replaceAll('=', '') === base64.replaceAll('=', '');
}

function addBoth(call: Call): void {
  call.addInitialMetadata('x-first', 'one');
  call.addInitialMetadata('x-first-bin', binary);
  call.addTrailingMetadata('x-last', 'two');
  call.addTrailingMetadata('x-last-bin', binary);
}

export function metadataTests(start: Start): void {
  test('metadata of a call is read by its key, binary values as bytes', async () => {
    const rig = await start();
    const seen: (string | undefined)[] = [];
    rig.service.unary = async (request, call) => {
      seen.push(...['x-text', 'x-data-bin', 'x-none'].map((key) => call.metadata(key)));
      return Buffer.from(request);
    };
    await rig.raw().unary(paths.unary, Buffer.from('x'), {
      headers: { 'x-text': 'some text', 'x-data-bin': base64 },
    });
    assert.deepEqual(seen, ['some text', binary, undefined]);
  });

  test('all metadata of a call is read, without what gRPC itself reads', async () => {
    const rig = await start({ responseCompression: 'low' });
    const seen: (readonly [string, string])[][] = [];
    rig.service.unary = async (request, call) => {
      seen.push([...call.allMetadata()]);
      return Buffer.from(request);
    };
    rig.service.open = (call) => {
      seen.push([...call.allMetadata()]);
      return { onMessage() {}, onEnd: () => call.end() };
    };
    const headers = {
      'x-text': 'some text',
      'user-agent': 'test',
      'grpc-timeout': '1H',
      'grpc-accept-encoding': 'gzip',
      'x-data-bin': base64,
    };
    await rig.raw().unary(paths.unary, Buffer.from('x'), { headers });
    await rig.raw().unary(paths.talk, Buffer.from('x'), { headers });
    const expected = { 'x-text': 'some text', 'user-agent': 'test', 'x-data-bin': binary };
    assert.deepEqual(
      seen.map((all) => Object.fromEntries(all)),
      [expected, expected],
    );
  });

  for (const level of ['none', 'low'] as const) {
    test(`a unary answer carries what its handler adds (compression ${level})`, async () => {
      const rig = await start({ responseCompression: level });
      rig.service.unary = async (request, call) => {
        addBoth(call);
        return Buffer.from(request);
      };
      const call = await rig
        .raw()
        .unary(paths.unary, Buffer.from('x'), { headers: { 'grpc-accept-encoding': 'gzip' } });
      assert.equal(call.status, 0);
      const headers = await call.headers;
      assert.equal(headers['x-first'], 'one');
      assert.ok(isBinary(headers['x-first-bin']));
      assert.equal(call.trailers['x-last'], 'two');
      assert.ok(isBinary(call.trailers['x-last-bin']));
    });

    test(`a stream carries what its handler adds (compression ${level})`, async () => {
      const rig = await start({ responseCompression: level });
      rig.service.open = (call) => {
        addBoth(call);
        return {
          onMessage: (request) => void call.write(Buffer.from(request)),
          onEnd: () => call.end(),
        };
      };
      const call = rig.raw().open(paths.talk, { headers: { 'grpc-accept-encoding': 'gzip' } });
      call.stream.end(frame(Buffer.from('x')));
      await call.closed;
      assert.equal(call.status, 0);
      assert.equal((await call.headers)['x-first'], 'one');
      assert.equal(call.trailers['x-last'], 'two');
      assert.ok(isBinary(call.trailers['x-last-bin']));
    });
  }

  test('a call that fails carries it too', async () => {
    const rig = await start();
    rig.service.unary = async (_, call) => {
      addBoth(call);
      throw new InferenceError('not-found', 'gone');
    };
    rig.service.open = (call) => {
      addBoth(call);
      return { onMessage: () => call.fail(new InferenceError('not-found', 'gone')), onEnd() {} };
    };
    for (const path of [paths.unary, paths.serve, paths.talk]) {
      const call = await rig.raw().unary(path, Buffer.from('x'));
      assert.equal(call.status, 5, path);
      const all = { ...(await call.headers), ...call.trailers };
      assert.equal(all['x-first'], 'one', path);
      assert.equal(all['x-last'], 'two', path);
    }
  });
}
