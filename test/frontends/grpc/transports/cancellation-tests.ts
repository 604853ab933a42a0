import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, WireMessage } from '../../../../src/frontends/grpc/transport.js';
import { eventually, Gate, paths, turns, type Rig, type Start } from './rig.js';
import { frame } from './raw-client.js';

/** A unary handler that says when it was entered and counts what it is told; it answers when let go. */
function hold(rig: Rig): { entered: Promise<Call>; cancelled: Promise<void>; count: number; leave: Gate } {
  const entered = new Gate<Call>();
  const cancelled = new Gate();
  const held = { entered: entered.promise, cancelled: cancelled.promise, count: 0, leave: new Gate() };
  rig.service.unary = async (request, call): Promise<WireMessage> => {
    call.onCancel = () => {
      held.count++;
      cancelled.open();
    };
    entered.open(call);
    await held.leave.promise;
    return Buffer.from(request);
  };
  return held;
}

async function toldOnce(rig: Rig, held: ReturnType<typeof hold>): Promise<void> {
  await held.cancelled;
  assert.equal((await held.entered).cancelled, true);
  held.leave.open();
  await rig.settled();
  assert.equal(held.count, 1);
}

export function cancellationTests(start: Start): void {
  test('a call that the client cancels is told so, once', async () => {
    const rig = await start();
    const held = hold(rig);
    const { call, outcome } = rig.client().begin(paths.unary, Buffer.from('x'));
    await held.entered;
    call.cancel();
    assert.equal((await outcome).code, 1);
    await toldOnce(rig, held);
  });

  test('a call whose deadline passes ends with DEADLINE_EXCEEDED and is told so, once', async () => {
    const rig = await start();
    const held = hold(rig);
    const call = rig.raw().open(paths.unary, { headers: { 'grpc-timeout': '30m' } });
    call.stream.end(frame(Buffer.from('x')));
    await call.closed;
    assert.equal(call.status, 4);
    await toldOnce(rig, held);
  });

  test('a client that sets a deadline sees DEADLINE_EXCEEDED', async () => {
    const rig = await start();
    const held = hold(rig);
    const { code } = await rig.client().unary(paths.unary, Buffer.from('x'), { deadline: Date.now() + 50 });
    assert.equal(code, 4);
    held.leave.open();
  });

  test('a call whose connection is lost is told so, once', async () => {
    const rig = await start();
    const held = hold(rig);
    const raw = rig.raw();
    raw.open(paths.unary).stream.end(frame(Buffer.from('x')));
    await held.entered;
    raw.cut();
    await toldOnce(rig, held);
  });

  test('all calls of a lost connection are told so, each once', async () => {
    const rig = await start();
    const counts = Array.from({ length: 50 }, () => 0);
    const never = new Gate();
    let entered = 0;
    rig.service.unary = async (request, call) => {
      const index = request[0]!;
      call.onCancel = () => counts[index]!++;
      entered++;
      await never.promise;
      return Buffer.alloc(0);
    };
    const raw = rig.raw();
    for (let i = 0; i < 50; i++) raw.open(paths.unary).stream.end(frame(Buffer.from([i])));
    await eventually(() => entered === 50, 'all calls are running');
    assert.equal(rig.transport.callCount, 50);
    raw.cut();
    await rig.settled();
    assert.deepEqual(
      counts,
      counts.map(() => 1),
    );
    never.open();
  });

  test('a request that is cancelled before it is whole reaches no handler', async () => {
    const rig = await start();
    let seen = 0;
    rig.service.unary = async (request) => {
      seen++;
      return Buffer.from(request);
    };
    const raw = rig.raw();
    const call = raw.open(paths.unary);
    call.stream.write(frame(Buffer.from('never whole')).subarray(0, 8));
    await turns(5);
    call.stream.close(8);
    await call.closed;
    await raw.unary(paths.unary, Buffer.from('whole'));
    assert.equal(seen, 1);
  });

  test('a handler that asks late sees that its call was cancelled', async () => {
    const rig = await start();
    const entered = new Gate<Call>();
    const leave = new Gate();
    const late = new Gate<boolean>();
    let told = 0;
    rig.service.unary = async (request, call) => {
      entered.open(call);
      await leave.promise;
      call.onCancel = () => told++;
      late.open(call.cancelled);
      return Buffer.from(request);
    };
    const { call, outcome } = rig.client().begin(paths.unary, Buffer.from('x'));
    const inside = await entered.promise;
    assert.equal(inside.cancelled, false);
    call.cancel();
    await outcome;
    await eventually(() => inside.cancelled, 'the call is cancelled');
    leave.open();
    assert.equal(await late.promise, true);
    await rig.settled();
    assert.equal(told, 0);
  });

  test('a call that was answered is not told that it was cancelled', async () => {
    const rig = await start();
    let told = 0;
    rig.service.unary = async (request, call) => {
      call.onCancel = () => told++;
      return Buffer.from(request);
    };
    const client = rig.client();
    for (let i = 0; i < 10; i++) await client.unary(paths.unary, Buffer.from('x'));
    await rig.settled();
    assert.equal(told, 0);
  });

  test('a stream that was ended or failed is not told that it was cancelled', async () => {
    const rig = await start();
    let told = 0;
    rig.service.open = (call) => {
      call.onCancel = () => told++;
      return { onMessage: (request) => void call.write(Buffer.from(request)), onEnd: () => call.end() };
    };
    const call = await rig.raw().unary(paths.talk, Buffer.from('x'));
    assert.equal(call.status, 0);
    await rig.settled();
    assert.equal(told, 0);
  });

  test('many cancelled calls leave the other calls of their connection alone', async () => {
    const rig = await start();
    const leave = new Gate();
    let entered = 0;
    rig.service.unary = async (request) => {
      entered++;
      if (request[0] === 0) await leave.promise;
      return Buffer.from(request);
    };
    const client = rig.client();
    const innocent = client.unary(paths.unary, Buffer.from([0, 1]));
    for (let round = 1; round <= 5; round++) {
      const calls = Array.from({ length: 20 }, () => client.begin(paths.unary, Buffer.from([0, 2])));
      await eventually(() => entered === 1 + 20 * round, 'the calls of the round are running');
      for (const { call } of calls) call.cancel();
      for (const { outcome } of calls) assert.equal((await outcome).code, 1);
    }
    leave.open();
    assert.deepEqual(await innocent, { code: 0, details: '', bytes: Buffer.from([0, 1]) });
  });
}
