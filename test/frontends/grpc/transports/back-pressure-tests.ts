import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamCall, WireMessage } from '../../../../src/frontends/grpc/transport.js';
import { eventually, Gate, numbered, numberIn, paths, turns, type Start } from './rig.js';
import { frame } from './raw-client.js';

const messageBytes = 64 * 1024;
const messageCount = 1000;
/** What may wait in the server for a client that does not read: its window and a few messages. */
const pendingMax = 100;

export function backPressureTests(start: Start): void {
  for (const level of ['none', 'low'] as const) {
    test(`a server stream waits for a client that does not read (compression ${level})`, async () => {
      const rig = await start({ responseCompression: level });
      let next = 0;
      let refusals = 0;
      rig.service.open = (call) => {
        const fill = (): void => {
          while (next < messageCount) {
            if (call.write(noise(next++))) continue;
            refusals++;
            return;
          }
          call.end();
        };
        return { onMessage: fill, onEnd() {}, onDrain: fill };
      };
      const raw = rig.raw();
      const call = raw.open(paths.serve, { read: false, headers: { 'grpc-accept-encoding': 'gzip' } });
      call.stream.end(frame(Buffer.from('go')));
      await call.headers;
      await quiet(() => next);
      assert.ok(refusals > 0);
      assert.ok(next < pendingMax, `${next} messages were written for a client that does not read`);
      call.read();
      await call.closed;
      assert.equal(call.status, 0, call.details);
      assert.equal(call.messages.length, messageCount);
    });
  }

  test('a client that goes away while it does not read ends its stream', async () => {
    const rig = await start();
    let told = 0;
    let next = 0;
    rig.service.open = (call) => {
      const fill = (): void => {
        while (call.write(noise(next++)));
      };
      call.onCancel = () => told++;
      return { onMessage: fill, onEnd() {}, onDrain: fill };
    };
    const call = rig.raw().open(paths.serve, { read: false });
    call.stream.end(frame(Buffer.from('go')));
    await call.headers;
    await quiet(() => next);
    call.stream.close(8);
    await rig.settled();
    assert.equal(told, 1);
  });

  test('a paused stream delivers nothing, and all in order once it is resumed', async () => {
    const rig = await start();
    const seen: number[] = [];
    const opened = new Gate<StreamCall<WireMessage>>();
    rig.service.open = (call) => {
      opened.open(call);
      return {
        onMessage(request) {
          seen.push(numberIn(request));
          if (seen.length % 10 === 0) call.pause();
        },
        onEnd: () => call.end(),
      };
    };
    const call = rig.raw().open(paths.talk);
    const body = Array.from({ length: 100 }, (_, i) => frame(numbered(i)));
    call.stream.end(Buffer.concat(body));
    const inside = await opened.promise;
    for (let heard = 10; heard <= 100; heard += 10) {
      await eventually(() => seen.length === heard, `${heard} messages`);
      await turns(20);
      assert.equal(seen.length, heard);
      inside.resume();
    }
    await call.closed;
    assert.equal(call.status, 0);
    assert.deepEqual(
      seen,
      body.map((_, i) => i),
    );
  });

  test('a paused stream makes its client wait', async () => {
    const rig = await start();
    let seen = 0;
    let inside: StreamCall<WireMessage> | undefined;
    rig.service.open = (call) => {
      inside = call;
      return {
        onMessage() {
          if (seen++ === 0) call.pause();
        },
        onEnd: () => call.end(),
      };
    };
    const call = rig.raw().open(paths.talk);
    let sent = 0;
    const send = (): void => {
      if (sent === messageCount) call.stream.end();
      else call.stream.write(frame(numbered(sent, messageBytes)), () => (sent++, send()));
    };
    send();
    await eventually(() => seen === 1, 'the first message');
    await quiet(() => sent);
    assert.equal(seen, 1);
    // The window of a transport is some MiB at most.
    assert.ok(sent < messageCount / 2, `${sent} messages left the client while the server was paused`);
    inside!.resume();
    await call.closed;
    assert.equal(seen, messageCount);
  });

  test('a paused stream does not hold up the other calls of its connection', async () => {
    const rig = await start();
    let inside: StreamCall<WireMessage> | undefined;
    let seen = 0;
    rig.service.open = (call) => {
      inside = call;
      call.pause();
      return { onMessage: () => seen++, onEnd: () => call.end() };
    };
    const raw = rig.raw();
    const held = raw.open(paths.talk);
    held.stream.write(frame(Buffer.alloc(256 * 1024)));
    await eventually(() => inside !== undefined, 'the stream is open');
    for (let i = 0; i < 20; i++) {
      assert.equal((await raw.unary(paths.unary, Buffer.alloc(32 * 1024))).status, 0);
    }
    assert.equal(seen, 0);
    inside!.resume();
    held.stream.end();
    await held.closed;
    assert.equal(seen, 1);
  });
}

/** Bytes that do not become much smaller when compressed. */
function noise(seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(messageBytes);
  let state = seed + 1;
  for (let i = 0; i < messageBytes; i += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes.writeUInt32LE(state, i);
  }
  return bytes;
}

/** Waits until a number no longer grows. */
async function quiet(read: () => number): Promise<void> {
  let last = -1;
  for (let still = 0; still < 200;) {
    await turns(5);
    const now = read();
    still = now === last ? still + 1 : 0;
    last = now;
  }
}
