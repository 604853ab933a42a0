import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate, paths, type Start } from './rig.js';

export function unaryTests(start: Start): void {
  test('a message is answered with the message of the handler', async () => {
    const rig = await start();
    const outcome = await rig.client().unary(paths.unary, Buffer.from('hello'));
    assert.deepEqual(outcome, { code: 0, details: '', bytes: Buffer.from('hello') });
  });

  test('an answer is written by copy, once, into bytes of the promised length', async () => {
    const rig = await start();
    let copies = 0;
    rig.service.unary = async () => ({
      byteLength: 3,
      copy(target, offset) {
        copies++;
        target.set([1, 2, 3], offset);
        return 3;
      },
    });
    const { bytes } = await rig.client().unary(paths.unary, Buffer.from('hello'));
    assert.deepEqual(bytes, Buffer.from([1, 2, 3]));
    assert.equal(copies, 1);
  });

  test('calls on one connection run at once and are answered as they end', async () => {
    const rig = await start();
    const gates = [new Gate(), new Gate(), new Gate()];
    const ended: number[] = [];
    rig.service.unary = async (request) => {
      await gates[request[0]!]!.promise;
      return Buffer.from(request);
    };
    const client = rig.client();
    const outcomes = gates.map(async (_, index) => {
      const { bytes } = await client.unary(paths.unary, Buffer.from([index]));
      ended.push(bytes[0]!);
    });
    for (const index of [2, 0, 1]) {
      gates[index]!.open();
      await outcomes[index];
    }
    assert.deepEqual(ended, [2, 0, 1]);
  });

  test('a call counts from its arrival to its end', async () => {
    const rig = await start();
    const entered = new Gate();
    const leave = new Gate();
    rig.service.unary = async (request) => {
      entered.open();
      await leave.promise;
      return Buffer.from(request);
    };
    assert.equal(rig.transport.callCount, 0);
    const outcome = rig.client().unary(paths.unary, Buffer.from('x'));
    await entered.promise;
    assert.equal(rig.transport.callCount, 1);
    leave.open();
    await outcome;
    await rig.settled();
  });

  test('a thousand calls in flight on one connection all get their own answer', async () => {
    const rig = await start();
    const client = rig.client();
    const outcomes = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => client.unary(paths.unary, Buffer.from(String(i)))),
    );
    assert.deepEqual(
      outcomes.map(({ bytes }) => bytes.toString()),
      Array.from({ length: 1000 }, (_, i) => String(i)),
    );
  });

  test('the peer is the address and port of the client', async () => {
    const rig = await start();
    rig.service.unary = async (_, call) => Buffer.from(call.peer);
    const raw = rig.raw();
    const call = await raw.unary(paths.unary, Buffer.alloc(0));
    assert.equal(String(call.messages[0]!.bytes), `127.0.0.1:${raw.session.socket.localPort}`);
  });

  test('a call without a deadline has an infinite one', async () => {
    const rig = await start();
    rig.service.unary = async (_, call) => Buffer.from(String(call.deadlineMs));
    const call = await rig.raw().unary(paths.unary, Buffer.alloc(0));
    assert.equal(String(call.messages[0]!.bytes), 'Infinity');
  });

  test('the deadline that a client names is seen as a time', async () => {
    const rig = await start();
    rig.service.unary = async (_, call) => Buffer.from(String(call.deadlineMs));
    const raw = rig.raw();
    for (const [text, ms] of Object.entries({
      '40S': 40_000,
      '2H': 7_200_000,
      '50000m': 50_000,
      '3M': 180_000,
    })) {
      const before = Date.now();
      const call = await raw.unary(paths.unary, Buffer.alloc(0), { headers: { 'grpc-timeout': text } });
      const seen = Number(call.messages[0]!.bytes);
      assert.ok(seen >= before + ms && seen <= Date.now() + ms, `${text} gave ${seen - before} ms`);
    }
  });

  test('a deadline that lies years ahead has not passed', async () => {
    const rig = await start();
    rig.service.unary = async (_, call) => Buffer.from(String(call.deadlineMs));
    const raw = rig.raw();
    const twentyDaysMs = 20 * 24 * 3600 * 1000;
    for (const text of ['2592000S', '99999999S', '50000M', '99999999M', '1000H', '99999999H']) {
      const call = await raw.unary(paths.unary, Buffer.from('x'), { headers: { 'grpc-timeout': text } });
      assert.equal(call.status, 0, `${text}: ${call.details}`);
      assert.ok(Number(call.messages[0]!.bytes) > Date.now() + twentyDaysMs, text);
    }
  });

  metadataTests(start);
}

function metadataTests(start: Start): void {
  test('metadata is found by its key, as text', async () => {
    const rig = await start();
    rig.service.unary = async (_, call) =>
      Buffer.from(`${call.metadata('custom-key')}|${call.metadata('another')}|${call.metadata('missing')}`);
    const { bytes } = await rig.client().unary(paths.unary, Buffer.alloc(0), {
      metadata: { 'Custom-Key': 'some value, with ~!"#', another: '' },
    });
    assert.equal(String(bytes), 'some value, with ~!"#||undefined');
  });

  test('binary metadata is decoded, each byte a character', async () => {
    const rig = await start();
    rig.service.unary = async (_, call) => Buffer.from(call.metadata('trace-bin') ?? '', 'latin1');
    const value = Buffer.from([0, 1, 127, 128, 200, 255]);
    const { bytes } = await rig
      .client()
      .unary(paths.unary, Buffer.alloc(0), { metadata: { 'trace-bin': value } });
    assert.deepEqual(bytes, value);
  });

  test('of a key that is sent twice the first value leads', async () => {
    const rig = await start();
    rig.service.unary = async (_, call) => Buffer.from(call.metadata('twice') ?? '');
    const { bytes } = await rig
      .client()
      .unary(paths.unary, Buffer.alloc(0), { metadata: { twice: ['first', 'second'] } });
    // HTTP allows the values to be joined on the way.
    assert.match(String(bytes), /^first(, ?second)?$/);
  });

  test('eight KiB of metadata in a hundred keys arrive whole', async () => {
    const rig = await start();
    const keys = Array.from({ length: 100 }, (_, i) => `key-${i}`);
    rig.service.unary = async (_, call) => Buffer.from(keys.map((key) => call.metadata(key)).join(''));
    const metadata = Object.fromEntries(
      keys.map((key, i) => [key, String.fromCharCode(97 + (i % 26)).repeat(80)]),
    );
    const { code, bytes } = await rig.client().unary(paths.unary, Buffer.alloc(0), { metadata });
    assert.equal(code, 0);
    assert.equal(String(bytes), Object.values(metadata).join(''));
  });

  test('too much metadata fails its call, and not the others of the connection', async () => {
    const rig = await start();
    const entered = new Gate();
    const leave = new Gate();
    let seen = 0;
    rig.service.unary = async (request) => {
      seen++;
      entered.open();
      await leave.promise;
      return Buffer.from(request);
    };
    const raw = rig.raw();
    const innocent = raw.unary(paths.unary, Buffer.from('innocent'));
    await entered.promise;
    const headers = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`big-${i}`, 'v'.repeat(4000)]));
    const guilty = await raw.unary(paths.unary, Buffer.from('guilty'), { headers });
    assert.notEqual(guilty.status, 0);
    leave.open();
    assert.equal(String((await innocent).messages[0]!.bytes), 'innocent');
    assert.equal(seen, 1);
  });
}
