import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Exchange } from '../../src/http1/exchange.js';
import { eventually } from '../support/eventually.js';
import { answersOf, echo, startHttp1 } from '../support/http1-rig.js';

const get = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';
const post = (length: number): string => `POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`;

describe('a connection ends', () => {
  const malformed: readonly [what: string, sent: string, status: number][] = [
    ['what is no HTTP', 'GUESS\r\n\r\n', 400],
    ['a TLS client', '\x16\x03\x01\x02', 400],
    ['a lone LF', 'GET / HTTP/1.1\n', 400],
    ['a bad chunk', `${post(0).replace('Content-Length: 0', 'Transfer-Encoding: chunked')}zz\r\n`, 400],
    ['a head that is too long', `GET / HTTP/1.1\r\nA: ${'a'.repeat(10_000)}`, 431],
    ['another coding', post(0).replace('Content-Length: 0', 'Transfer-Encoding: br, chunked'), 501],
    ['a request behind a bad one', `${post(0).replace('Host', 'Host ')}${get}`, 400],
  ];
  for (const [what, sent, status] of malformed) {
    test(`behind one answer for ${what}`, async () => {
      const rig = await startHttp1(echo);
      const { socket, got, closed } = rig.open();
      socket.write(sent, 'latin1');
      await eventually(closed, 'it is closed');
      assert.deepEqual(
        answersOf(got()).map((one) => one.status),
        [status],
      );
      assert.equal(rig.server.busyCount, 0);
      await rig.close();
    });
  }

  test('when its client has gone, who is told once', async () => {
    const gone: string[] = [];
    const exchanges: Exchange[] = [];
    const rig = await startHttp1((exchange) => {
      exchanges.push(exchange);
      exchange.onGone = () => gone.push(exchange.head.method);
      exchange.receive({ onBytes() {}, onEnd() {}, onGone: () => gone.push('body') });
    });
    const [one, other] = [rig.open(), rig.open()];
    one.socket.write(get);
    other.socket.write(`${post(100)}some`);
    await eventually(
      () => exchanges.length === 2 && exchanges.some(({ bodyBytes }) => bodyBytes > 0),
      'both have come',
    );
    one.socket.end();
    other.socket.resetAndDestroy();
    await eventually(() => rig.server.connectionCount === 0, 'both are gone');
    assert.deepEqual(gone.toSorted(), ['GET', 'POST', 'body']);
    let releasedCount = 0;
    for (const exchange of exchanges) exchange.send({ status: 200, pieces: [] }, () => releasedCount++);
    assert.deepEqual([releasedCount, rig.server.busyCount], [2, 0]);
    await rig.close();
  });

  test('when its head, its silence or its reading takes too long', async () => {
    const large = Buffer.alloc(20_000_000);
    const rig = await startHttp1((exchange) => exchange.send({ status: 200, pieces: [large] }), {
      receiveTimeoutMs: 50,
      sendTimeoutMs: 50,
      idleTimeoutMs: 50,
    });
    const [silent, slow, idle, reader] = [rig.open(), rig.open(), rig.open(), rig.open()];
    slow.socket.write('GET / HTTP/1.1\r\n');
    idle.socket.write(get);
    reader.socket.pause();
    reader.socket.write(get);
    await eventually(() => rig.server.traffic.openedCount === 4, 'all have come');
    await eventually(() => rig.server.connectionCount === 0, 'all are closed');
    await eventually(slow.closed, 'it has heard of it');
    assert.equal(silent.got(), '');
    assert.deepEqual(
      answersOf(slow.got()).map(({ status }) => status),
      [408],
    );
    await eventually(() => answersOf(idle.got()).length === 1, 'it has its answer');
    await rig.close();
  });

  test('when the rest of a body that nobody wants stands still', async () => {
    const rig = await startHttp1((exchange) => exchange.send({ status: 400, pieces: [] }), {
      receiveTimeoutMs: 50,
    });
    const [still, whole] = [rig.open(), rig.open()];
    still.socket.write(`${post(100)}some`);
    whole.socket.write(`${post(100_000)}${'x'.repeat(100_000)}${get}`);
    await eventually(still.closed, 'it is closed');
    await eventually(() => answersOf(whole.got()).length === 2, 'the request behind it is answered');
    await rig.close();
  });

  test('when the server drains: idle ones at once, others behind their answers', async () => {
    const waiting: Exchange[] = [];
    const rig = await startHttp1((exchange) => waiting.push(exchange));
    const [idle, busy] = [rig.open(), rig.open()];
    idle.socket.write(get);
    await eventually(() => waiting.length === 1, 'a request has come');
    waiting[0]!.send({ status: 200, pieces: [] });
    await eventually(() => answersOf(idle.got()).length === 1, 'it is answered');
    busy.socket.write(get);
    await eventually(() => waiting.length === 2, 'another one has come');
    const drained = rig.server.drain();
    await eventually(idle.closed, 'the idle one is closed');
    assert.equal(busy.closed(), false);
    waiting[1]!.send({ status: 200, pieces: [] });
    await drained;
    await eventually(busy.closed, 'the busy one is closed');
    assert.match(answersOf(busy.got())[0]!.head, /connection: close/i);
    await rig.close();
  });

  test('when there are too many', async () => {
    const rig = await startHttp1(echo, { connectionsMax: 1 });
    const first = rig.open();
    first.socket.write(get);
    await eventually(() => answersOf(first.got()).length === 1, 'the first one is served');
    const second = rig.open();
    await eventually(second.closed, 'the second one is closed');
    assert.equal(first.closed(), false);
    await rig.close();
  });
});
