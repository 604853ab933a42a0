import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InferenceError, type ErrorCode } from '../../../../src/inference/error.js';
import { paths, type Start } from './rig.js';
import { frame } from './raw-client.js';

const numbers: Readonly<Record<ErrorCode, number>> = {
  cancelled: 1,
  unknown: 2,
  'invalid-argument': 3,
  'not-found': 5,
  'already-exists': 6,
  unsupported: 12,
  internal: 13,
  unavailable: 14,
};

const oddMessages = {
  'no message': '',
  'blanks at its ends': '  two  ',
  'percent signs': '100 % of %41 and %zz',
  'line breaks': 'one\ntwo\r\nthree\ttab',
  'letters beyond ASCII': 'größer als 日本 🦌',
  'control characters': 'a\u0000b\u0001\u007fc',
  'signs that URIs reserve': '#?&=+;,/:@$ "<>[]{}|\\^`~',
};

export function statusTests(start: Start): void {
  for (const [code, number] of Object.entries(numbers)) {
    test(`an error '${code}' is status ${number} with the bare message`, async () => {
      const rig = await start();
      rig.service.unary = async () => {
        throw new InferenceError(code as ErrorCode, 'what went wrong');
      };
      const outcome = await rig.client().unary(paths.unary, Buffer.from('x'));
      assert.deepEqual(outcome, { code: number, details: 'what went wrong', bytes: Buffer.alloc(0) });
    });
  }

  for (const [title, message] of Object.entries(oddMessages)) {
    test(`a message with ${title} arrives as it is, in a header of plain characters`, async () => {
      const rig = await start();
      rig.service.unary = async () => {
        throw new InferenceError('not-found', message);
      };
      const call = await rig.raw().unary(paths.unary, Buffer.from('x'));
      assert.equal(call.status, 5);
      assert.equal(call.details, message);
      assert.match(String(call.trailers['grpc-message'] ?? ''), /^[\x20-\x7e]*$/);
      const { details } = await rig.client().unary(paths.unary, Buffer.from('x'));
      assert.equal(details, message);
    });
  }

  test('half of a character in a message does no harm', async () => {
    const rig = await start();
    const deer = '🦌';
    const messages = [`lone ${deer[0]}`, `${deer[1]} lone`, deer.repeat(4000), `x${deer.repeat(4000)}`];
    for (const message of messages) {
      rig.service.unary = async () => {
        throw new InferenceError('not-found', message);
      };
      const { code, details } = await rig.client().unary(paths.unary, Buffer.from('x'));
      assert.equal(code, 5);
      assert.ok(details.length > 0 && !details.includes('%'), details.slice(0, 40));
    }
  });

  test('a very long message is cut and its call still ends with its status', async () => {
    const rig = await start();
    rig.service.unary = async () => {
      throw new InferenceError('not-found', 'model '.repeat(100_000));
    };
    const { code, details } = await rig.client().unary(paths.unary, Buffer.from('x'));
    assert.equal(code, 5);
    assert.ok(details.startsWith('model model ') && details.length < 8192);
  });

  for (const [title, thrown] of Object.entries({
    'an Error': new Error('a slip of the server'),
    'a TypeError with a code': Object.assign(new TypeError('a slip of the server'), { code: 5 }),
    'a text': 'a slip of the server',
  })) {
    test(`a handler that throws ${title} fails its call with INTERNAL`, async () => {
      const rig = await start();
      rig.service.unary = () => Promise.reject(thrown);
      const { code, details } = await rig.client().unary(paths.unary, Buffer.from('x'));
      assert.deepEqual({ code, details }, { code: 13, details: 'a slip of the server' });
    });
  }

  test('a handler that throws before its first await fails its call with INTERNAL', async () => {
    const rig = await start();
    rig.service.unary = () => {
      throw new Error('a slip of the server');
    };
    const { code, details } = await rig.client().unary(paths.unary, Buffer.from('x'));
    assert.deepEqual({ code, details }, { code: 13, details: 'a slip of the server' });
  });

  test('an answer that cannot be encoded fails its call with INTERNAL', async () => {
    const rig = await start();
    rig.service.unary = async () => ({
      get byteLength(): number {
        throw new Error('no length');
      },
      copy: () => 0,
    });
    const { code } = await rig.client().unary(paths.unary, Buffer.from('x'));
    assert.equal(code, 13);
  });

  test('bytes that are no message are refused before the handler', async () => {
    const rig = await start();
    let seen = 0;
    rig.service.unary = async () => {
      seen++;
      return Buffer.alloc(0);
    };
    const { code, details } = await rig.client().unary(paths.unary, Buffer.from('unreadable'));
    assert.deepEqual({ code, details, seen }, { code: 13, details: 'Unable to parse request', seen: 0 });
  });

  test('an unknown method is UNIMPLEMENTED', async () => {
    const rig = await start();
    for (const path of ['/test.TestService/Missing', '/other.Service/Unary', '/']) {
      const { code } = await rig.client().unary(path, Buffer.from('x'));
      assert.equal(code, 12, path);
    }
  });

  test('a request that is not gRPC is refused with 415', async () => {
    const rig = await start();
    const call = rig.raw().open(paths.unary, { headers: { 'content-type': 'text/plain' } });
    call.stream.end('hello');
    assert.equal((await call.headers)[':status'], 415);
    await call.closed;
  });

  test('a unary call without a message, or with two, fails and reaches no handler', async () => {
    const rig = await start();
    let seen = 0;
    rig.service.unary = async () => {
      seen++;
      return Buffer.alloc(0);
    };
    const raw = rig.raw();
    for (const body of [Buffer.alloc(0), Buffer.concat([frame(Buffer.from('a')), frame(Buffer.from('b'))])]) {
      const call = raw.open(paths.unary);
      call.stream.end(body);
      await call.closed;
      assert.ok((call.status ?? 0) > 0, `status ${call.status}`);
    }
    assert.equal(seen, 0);
  });

  test('a request that ends within a message fails and reaches no handler', async () => {
    const rig = await start();
    let seen = 0;
    rig.service.unary = async () => {
      seen++;
      return Buffer.alloc(0);
    };
    const call = rig.raw().open(paths.unary);
    call.stream.end(frame(Buffer.from('hello')).subarray(0, 7));
    await call.closed;
    assert.ok((call.status ?? 0) > 0, `status ${call.status}`);
    assert.equal(seen, 0);
  });
}
