import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { readAll } from './bytes-client.js';
import { eventually, Gate, paths, turns, type Start } from './rig.js';
import { frame } from './raw-client.js';

function connectionRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}

export function drainTests(start: Start): void {
  test('a drain lets running calls finish, refuses new connections and ends then', async () => {
    const rig = await start();
    const leave = new Gate();
    let entered = 0;
    rig.service.unary = async (request) => {
      entered++;
      await leave.promise;
      return Buffer.from(request);
    };
    const raw = rig.raw();
    const calls = [raw.unary(paths.unary, Buffer.from('a')), raw.unary(paths.unary, Buffer.from('b'))];
    const stream = rig.client().talk(paths.talk);
    const read = readAll(stream);
    stream.write(Buffer.from('before'));
    await eventually(() => entered === 2 && rig.transport.callCount === 3, 'all calls are running');
    let drained = false;
    const drain = rig.transport.drain().then(() => (drained = true));
    await eventually(() => raw.goneAway, 'the connection is told to go');
    assert.equal(await connectionRefused(rig.port), true);
    stream.write(Buffer.from('during'));
    leave.open();
    for (const call of calls) assert.equal((await call).status, 0);
    await turns(10);
    assert.equal(drained, false);
    stream.end();
    const { code, messages } = await read;
    assert.deepEqual(
      { code, messages },
      { code: 0, messages: [Buffer.from('before'), Buffer.from('during')] },
    );
    await drain;
    assert.equal(rig.transport.callCount, 0);
  });

  test('a drain without calls ends at once, connections or not', async () => {
    const rig = await start();
    const raw = rig.raw();
    await raw.unary(paths.unary, Buffer.from('x'));
    await rig.transport.drain();
    await raw.closed;
    assert.equal(rig.transport.callCount, 0);
    const idle = await start();
    await idle.transport.drain();
    assert.equal(await connectionRefused(idle.port), true);
  });

  test('a drain does not wait for a connection that has said nothing and does not go', async () => {
    const rig = await start();
    const socket = connect({ host: '127.0.0.1', port: rig.port, allowHalfOpen: true });
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    await turns(20);
    await rig.transport.drain();
    socket.destroy();
  });

  test('a drained transport can be drained and closed again', async () => {
    const rig = await start();
    await rig.transport.drain();
    await rig.transport.drain();
    rig.transport.close();
    rig.transport.close();
  });

  test('a close ends running calls, streams and connections, and a drain that waits for them', async () => {
    const rig = await start();
    const never = new Gate();
    let told = 0;
    let entered = 0;
    rig.service.unary = async (request, call) => {
      call.onCancel = () => told++;
      entered++;
      await never.promise;
      return Buffer.from(request);
    };
    rig.service.open = (call) => {
      call.onCancel = () => told++;
      entered++;
      return { onMessage() {}, onEnd() {} };
    };
    const raw = rig.raw();
    const unary = raw.unary(paths.unary, Buffer.from('x'));
    const stream = raw.open(paths.talk);
    stream.stream.write(frame(Buffer.from('x')));
    await eventually(() => entered === 2, 'both calls are running');
    const drain = rig.transport.drain();
    rig.transport.close();
    await Promise.all([unary, stream.closed, raw.closed, drain]);
    await rig.settled();
    assert.equal(told, 2);
    assert.equal(await connectionRefused(rig.port), true);
    never.open();
  });

  test('the port is free again after a close', async () => {
    const rig = await start();
    await rig.raw().unary(paths.unary, Buffer.from('x'));
    rig.transport.close();
    const again = await start({ port: rig.port });
    assert.equal(again.port, rig.port);
    assert.equal((await again.raw().unary(paths.unary, Buffer.from('x'))).status, 0);
  });
}
