import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { eventually, Gate, paths, type Start } from './rig.js';
import { frame } from './raw-client.js';

export function connectionTests(start: Start): void {
  test('a connection without calls is kept alive by pings that the client answers', async () => {
    const rig = await start({ keepaliveTimeMs: 10, keepaliveTimeoutMs: 5000 });
    const raw = rig.raw();
    let pings = 0;
    raw.session.on('ping', () => pings++);
    await eventually(() => pings >= 3, 'three pings');
    assert.equal((await raw.unary(paths.unary, Buffer.from('x'))).status, 0);
  });

  test('a connection that reaches its age is told to go, and its running call ends well', async () => {
    const rig = await start({ connectionAgeMs: 50, connectionAgeGraceMs: 60_000 });
    const entered = new Gate();
    const leave = new Gate();
    rig.service.unary = async (request) => {
      entered.open();
      await leave.promise;
      return Buffer.from(request);
    };
    const raw = rig.raw();
    const call = raw.unary(paths.unary, Buffer.from('x'));
    await entered.promise;
    await eventually(() => raw.goneAway, 'the connection is told to go');
    leave.open();
    assert.equal((await call).status, 0);
    await raw.closed;
  });

  test('a connection that does not go within the grace is cut', async () => {
    const rig = await start({ connectionAgeMs: 30, connectionAgeGraceMs: 30 });
    let told = 0;
    const never = new Gate();
    rig.service.unary = async (request, call) => {
      call.onCancel = () => told++;
      await never.promise;
      return Buffer.from(request);
    };
    const raw = rig.raw();
    raw.open(paths.unary).stream.end(frame(Buffer.from('x')));
    await raw.closed;
    await rig.settled();
    assert.equal(told, 1);
    never.open();
  });

  test('a client that comes again after its connection was lost is served', async () => {
    const rig = await start();
    const first = rig.raw();
    assert.equal((await first.unary(paths.unary, Buffer.from('x'))).status, 0);
    first.cut();
    await first.closed;
    assert.equal((await rig.raw().unary(paths.unary, Buffer.from('x'))).status, 0);
  });

  test('bytes that are not HTTP/2 end their connection and no other', async () => {
    const rig = await start();
    const good = rig.raw();
    await good.unary(paths.unary, Buffer.from('x'));
    for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(1000, 0xff)]) {
      const bad = connect({ host: '127.0.0.1', port: rig.port });
      bad.on('error', () => {});
      bad.resume();
      bad.write(bytes);
      await new Promise((resolve) => bad.once('close', resolve));
    }
    assert.equal((await good.unary(paths.unary, Buffer.from('x'))).status, 0);
  });

  test('two transports in one process do not know each other', async () => {
    const [one, two] = [await start(), await start()];
    two.service.unary = async () => Buffer.from('two');
    assert.notEqual(one.port, two.port);
    const entered = new Gate();
    const leave = new Gate();
    one.service.unary = async () => {
      entered.open();
      await leave.promise;
      return Buffer.from('one');
    };
    const held = one.client().unary(paths.unary, Buffer.from('x'));
    await entered.promise;
    assert.deepEqual([one.transport.callCount, two.transport.callCount], [1, 0]);
    assert.equal(String((await two.client().unary(paths.unary, Buffer.from('x'))).bytes), 'two');
    two.transport.close();
    leave.open();
    assert.equal(String((await held).bytes), 'one');
  });

  test('a port that is taken is refused with EADDRINUSE', async () => {
    const rig = await start();
    await assert.rejects(start({ port: rig.port }), { code: 'EADDRINUSE' });
  });
}
