import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InferenceError } from '../../../../src/inference/error.js';
import type { StreamCall, WireMessage } from '../../../../src/frontends/grpc/transport.js';
import { readAll, statusOf } from './bytes-client.js';
import { eventually, Gate, numbered, numberIn, paths, type Start } from './rig.js';
import { frame } from './raw-client.js';

const manyCount = 10_000;

export function streamTests(start: Start): void {
  test('ten thousand messages of a server stream arrive in order', async () => {
    const rig = await start();
    rig.service.open = (call) => {
      let next = 0;
      const fill = (): void => {
        while (next < manyCount) if (!call.write(numbered(next++))) return;
        call.end();
      };
      return { onMessage: fill, onEnd() {}, onDrain: fill };
    };
    const { code, messages } = await readAll(rig.client().serve(paths.serve, Buffer.from('go')));
    assert.equal(code, 0);
    assert.deepEqual(
      messages.map(numberIn),
      Array.from({ length: manyCount }, (_, i) => i),
    );
  });

  test('ten thousand messages both ways keep their order', async () => {
    const rig = await start();
    const stream = rig.client().talk(paths.talk);
    const read = readAll(stream);
    for (let i = 0; i < manyCount; i++) stream.write(numbered(i));
    stream.end();
    const { code, messages } = await read;
    assert.equal(code, 0);
    assert.deepEqual(
      messages.map(numberIn),
      Array.from({ length: manyCount }, (_, i) => i),
    );
  });

  test('a server stream gets its one message and then the end', async () => {
    const rig = await start();
    const events: string[] = [];
    rig.service.open = (call) => ({
      onMessage: (request) => events.push(String(request)),
      onEnd: () => {
        events.push('end');
        call.end();
      },
    });
    const { code } = await readAll(rig.client().serve(paths.serve, Buffer.from('only')));
    assert.equal(code, 0);
    assert.deepEqual(events, ['only', 'end']);
  });

  test('the server may go on after the client has ended its side', async () => {
    const rig = await start();
    const ended = new Gate<StreamCall<WireMessage>>();
    rig.service.open = (call) => ({ onMessage() {}, onEnd: () => ended.open(call) });
    const stream = rig.client().talk(paths.talk);
    const read = readAll(stream);
    stream.end(Buffer.from('last'));
    const call = await ended.promise;
    call.write(Buffer.from('after'));
    call.write(Buffer.from('the end'));
    call.end();
    assert.deepEqual((await read).messages.map(String), ['after', 'the end']);
  });

  test('the server may answer before the client has said anything', async () => {
    const rig = await start();
    rig.service.open = (call) => {
      call.write(Buffer.from('welcome'));
      return { onMessage() {}, onEnd: () => call.end() };
    };
    const call = rig.raw().open(paths.talk);
    await eventually(() => call.messages.length === 1, 'the first message');
    call.stream.end();
    await call.closed;
    assert.equal(call.status, 0);
  });

  test('the server may end a stream that the client would go on with', async () => {
    const rig = await start();
    rig.service.open = (call) => ({
      onMessage(request) {
        call.write(Buffer.from(request));
        call.end();
      },
      onEnd() {},
    });
    const stream = rig.client().talk(paths.talk);
    const read = readAll(stream);
    stream.write(Buffer.from('one'));
    const { code, messages } = await read;
    assert.deepEqual({ code, messages: messages.map(String) }, { code: 0, messages: ['one'] });
  });

  test('what was written before the end arrives before it', async () => {
    const rig = await start();
    rig.service.open = (call) => ({
      onMessage() {
        for (let i = 0; i < 100; i++) call.write(numbered(i, 20_000));
        call.end();
      },
      onEnd() {},
    });
    const { code, messages } = await readAll(rig.client().serve(paths.serve, Buffer.from('go')));
    assert.equal(code, 0);
    assert.deepEqual(
      messages.map(numberIn),
      Array.from({ length: 100 }, (_, i) => i),
    );
  });

  test('a stream that ends without a message is OK and empty', async () => {
    const rig = await start();
    const stream = rig.client().talk(paths.talk);
    const read = readAll(stream);
    stream.end();
    const { code, messages } = await read;
    assert.deepEqual({ code, messages }, { code: 0, messages: [] });
  });

  test('several messages in one chunk and one message in many are read alike', async () => {
    const rig = await start();
    const raw = rig.raw();
    const together = raw.open(paths.talk);
    together.stream.end(Buffer.concat(['a', '', 'bc', 'd'].map((text) => frame(Buffer.from(text)))));
    await together.closed;
    assert.deepEqual(
      together.messages.map(({ bytes }) => String(bytes)),
      ['a', '', 'bc', 'd'],
    );
    const apart = raw.open(paths.talk);
    for (const byte of Buffer.concat([frame(Buffer.from('first')), frame(Buffer.from('second'))])) {
      await new Promise((resolve) => apart.stream.write(Buffer.from([byte]), resolve));
    }
    apart.stream.end();
    await apart.closed;
    assert.deepEqual(
      apart.messages.map(({ bytes }) => String(bytes)),
      ['first', 'second'],
    );
  });

  failureTests(start);
}

function failureTests(start: Start): void {
  test('a stream that fails in the middle ends with its status', async () => {
    const rig = await start();
    rig.service.open = (call) => ({
      onMessage(request) {
        if (numberIn(request) === 5) call.fail(new InferenceError('not-found', 'nö: 100 %\n'));
        else call.write(Buffer.from(request));
      },
      onEnd() {},
    });
    const stream = rig.client().talk(paths.talk);
    const read = readAll(stream);
    for (let i = 0; i <= 5; i++) stream.write(numbered(i));
    const { code, details, messages } = await read;
    assert.deepEqual({ code, details }, { code: 5, details: 'nö: 100 %\n' });
    // What was written before the failure may be lost, but not its order.
    assert.deepEqual(
      messages.map(numberIn),
      messages.map((_, i) => i),
    );
  });

  test('a stream may fail before its first message', async () => {
    const rig = await start();
    rig.service.open = (call) => {
      call.fail(new InferenceError('unavailable', 'not now'));
      return { onMessage() {}, onEnd() {} };
    };
    const client = rig.client();
    const talk = await readAll(client.talk(paths.talk));
    assert.deepEqual(talk, { code: 14, details: 'not now', messages: [] });
    const serve = await readAll(client.serve(paths.serve, Buffer.from('x')));
    assert.deepEqual(serve, { code: 14, details: 'not now', messages: [] });
  });

  test('bytes that are no message fail a stream', async () => {
    const rig = await start();
    const seen: string[] = [];
    let told = 0;
    rig.service.open = (call) => {
      call.onCancel = () => told++;
      return { onMessage: (request) => seen.push(String(request)), onEnd() {} };
    };
    const stream = rig.client().talk(paths.talk);
    const read = readAll(stream);
    stream.write(Buffer.from('good'));
    stream.write(Buffer.from('unreadable'));
    const { code, details } = await read;
    assert.deepEqual({ code, details }, { code: 13, details: 'Unable to parse request' });
    assert.deepEqual(seen, ['good']);
    const serve = await readAll(rig.client().serve(paths.serve, Buffer.from('unreadable')));
    assert.equal(serve.code, 13);
    await rig.settled();
    assert.equal(told, 2);
  });

  for (const where of ['open', 'onMessage', 'onEnd'] as const) {
    test(`a handler that throws in ${where} fails its stream and no other`, async () => {
      const rig = await start();
      const slip = (): never => {
        throw new Error('a slip of the server');
      };
      rig.service.open = (call) => {
        if (where === 'open') slip();
        return {
          onMessage: (request) => (where === 'onMessage' ? slip() : void call.write(Buffer.from(request))),
          onEnd: () => (where === 'onEnd' ? slip() : call.end()),
        };
      };
      const client = rig.client();
      const stream = client.talk(paths.talk);
      const read = readAll(stream);
      stream.end(Buffer.from('x'));
      const { code, details } = await read;
      assert.deepEqual({ code, details }, { code: 13, details: 'a slip of the server' });
      assert.equal((await client.unary(paths.unary, Buffer.from('x'))).code, 0);
    });
  }

  test('a stream that the client cancels is told so, once, and gets no more messages', async () => {
    const rig = await start();
    const cancelled = new Gate();
    let told = 0;
    let seen = 0;
    let writes = 0;
    let call: StreamCall<WireMessage> | undefined;
    rig.service.open = (opened) => {
      call = opened;
      opened.onCancel = () => {
        told++;
        cancelled.open();
      };
      return { onMessage: () => seen++, onEnd() {} };
    };
    const stream = rig.client().talk(paths.talk);
    const status = statusOf(stream);
    stream.write(Buffer.from('one'));
    await eventually(() => seen === 1, 'the first message');
    stream.write(Buffer.from('two'));
    stream.cancel();
    assert.equal((await status).code, 1);
    await cancelled.promise;
    const before = seen;
    assert.equal(call!.cancelled, true);
    // Whoever has not heard of it yet may still write, end and fail.
    while (writes < 100 && call!.write(numbered(writes))) writes++;
    call!.end();
    call!.fail(new InferenceError('internal', 'too late'));
    await rig.settled();
    assert.deepEqual({ told, seen }, { told: 1, seen: before });
  });

  test('a stream whose deadline passes ends with DEADLINE_EXCEEDED and is told so, once', async () => {
    const rig = await start();
    let told = 0;
    rig.service.open = (call) => {
      call.onCancel = () => told++;
      return { onMessage: (request) => void call.write(Buffer.from(request)), onEnd() {} };
    };
    const call = rig.raw().open(paths.talk, { headers: { 'grpc-timeout': '60m' } });
    call.stream.write(frame(Buffer.from('one')));
    await eventually(() => call.status !== undefined, 'a status');
    assert.equal(call.status, 4);
    call.stream.close();
    await rig.settled();
    assert.equal(told, 1);
  });

  test('a server stream whose connection is lost is told so, once', async () => {
    const rig = await start();
    let told = 0;
    const opened = new Gate();
    rig.service.open = (call) => {
      call.onCancel = () => told++;
      return { onMessage: () => opened.open(), onEnd() {} };
    };
    const raw = rig.raw();
    raw.open(paths.serve).stream.end(frame(Buffer.from('x')));
    await opened.promise;
    raw.cut();
    await rig.settled();
    assert.equal(told, 1);
  });
}
