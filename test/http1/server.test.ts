import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Exchange } from '../../src/http1/exchange.js';
import type { Http1ServerOptions } from '../../src/http1/server.js';
import { eventually, turns } from '../support/eventually.js';
import { answersOf, echo, startHttp1, type Http1Rig } from '../support/http1-rig.js';

async function withServer(
  onRequest: (exchange: Exchange) => void,
  use: (rig: Http1Rig) => Promise<void>,
  options: Partial<Http1ServerOptions> = {},
): Promise<void> {
  const rig = await startHttp1(onRequest, options);
  try {
    await use(rig);
  } finally {
    await rig.close();
  }
  assert.equal(rig.server.busyCount, 0);
}

const get = (path: string, ...fields: string[]): string =>
  ['GET', path, 'HTTP/1.1\r\nHost: x\r\n'].join(' ') + fields.map((one) => `${one}\r\n`).join('') + '\r\n';
const post = (body: string, ...fields: string[]): string =>
  `${get('/p', `Content-Length: ${body.length}`, ...fields).replace('GET', 'POST')}${body}`;
const inChunks = (...chunks: string[]): string =>
  `${get('/c', 'Transfer-Encoding: chunked').replace('GET', 'PUT')}${[...chunks, '']
    .map((one) => `${one.length.toString(16)}\r\n${one}\r\n`)
    .join('')}`;

const requests: readonly [text: string, answer: string][] = [
  [get('/a'), 'GET /a '],
  [get('/b', 'X: y'), 'GET /b '],
  [post('hello'), 'POST /p hello'],
  [post(''), 'POST /p '],
  [inChunks('one', 'two'), 'PUT /c onetwo'],
  [inChunks(), 'PUT /c '],
];

describe('a server', () => {
  test('answers requests in their order, however their bytes come', () =>
    withServer(echo, async ({ open }) => {
      const which = fc.array(fc.nat(requests.length - 1), { minLength: 1, maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(which, fc.array(fc.nat(600), { maxLength: 8 }), async (chosen, cuts) => {
          const text = chosen.map((one) => requests[one]![0]).join('');
          const { socket, got } = open();
          let at = 0;
          for (const cut of [...cuts.filter((one) => one < text.length).sort((a, b) => a - b), text.length]) {
            socket.write(text.slice(at, cut));
            at = cut;
            await turns(2);
          }
          await eventually(() => answersOf(got()).length === chosen.length, 'all are answered');
          const expected = chosen.map((one) => requests[one]![1]);
          assert.deepEqual(
            answersOf(got()).map(({ body }) => body),
            expected,
          );
          socket.destroy();
        }),
        { seed: 4, numRuns: 60 },
      );
    }));

  test('reads requests byte by byte', () =>
    withServer(echo, async ({ open }) => {
      const { socket, got } = open();
      for (const letter of requests.map(([text]) => text).join('')) {
        socket.write(letter);
        await turns(1);
      }
      await eventually(() => answersOf(got()).length === requests.length, 'all are answered');
    }));

  test('begins a request when the one before was answered, and holds little of those that wait', async () => {
    const waiting: Exchange[] = [];
    await withServer(
      (exchange) => waiting.push(exchange),
      async ({ open, server }) => {
        const { socket, got } = open();
        const text = get('/a').repeat(20_000);
        socket.write(text);
        await eventually(() => waiting.length === 1, 'the first one has come');
        await turns(50);
        assert.equal(waiting.length, 1);
        assert.ok(server.traffic.receivedBytes <= 4 * 65_536, String(server.traffic.receivedBytes));
        for (let i = 0; i < 100; i++) {
          await eventually(() => waiting.length === i + 1, 'the next one has come');
          waiting[i]!.send({ status: 200, pieces: [Buffer.from(String(i))] });
        }
        await eventually(() => answersOf(got()).length === 100, 'they are answered');
        assert.deepEqual(
          answersOf(got()).map(({ body }) => Number(body)),
          Array.from({ length: 100 }, (_, i) => i),
        );
      },
    );
  });

  test('tells a client to go on when its body is wanted, and closes where it is not', () =>
    withServer(
      (exchange) =>
        exchange.head.url === '/p' && exchange.head.headers['no'] !== undefined
          ? exchange.send({ status: 400, pieces: [] })
          : echo(exchange),
      async ({ open }) => {
        const [wanted, unwanted] = [open(), open()];
        const [head] = post('hello', 'Expect: 100-continue').split('hello');
        wanted.socket.write(head!);
        await eventually(() => wanted.got() === 'HTTP/1.1 100 Continue\r\n\r\n', 'it is told so');
        wanted.socket.write('hello');
        await eventually(() => wanted.got().endsWith('POST /p hello'), 'it is answered');
        unwanted.socket.write(head!.replace('Expect', 'No: 1\r\nExpect'));
        await eventually(unwanted.closed, 'it is closed');
        assert.match(unwanted.got(), /^HTTP\/1\.1 400 .*connection: close/is);
      },
    ));

  test('keeps connections as their clients and their versions ask', () =>
    withServer(echo, async ({ open }) => {
      const cases: readonly [text: string, said: string | undefined, closes: boolean][] = [
        [get('/a'), undefined, false],
        [get('/a', 'Connection: keep-alive'), 'keep-alive', false],
        [get('/a', 'Connection: close'), 'close', true],
        ['GET /a HTTP/1.0\r\n\r\n', 'close', true],
        ['GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', 'keep-alive', false],
      ];
      for (const [text, said, closes] of cases) {
        const { socket, got, closed } = open();
        socket.write(text);
        await eventually(() => answersOf(got()).length === 1, 'it is answered');
        assert.equal(/^connection: (.*)$/im.exec(answersOf(got())[0]!.head)?.[1]?.trim(), said);
        if (closes) await eventually(closed, 'it is closed');
        else socket.write(get('/b', 'Connection: close'));
        await eventually(closed, 'it is closed');
        assert.equal(answersOf(got()).length, closes ? 1 : 2);
      }
    }));

  test('sends the answer to HEAD without its body', () =>
    withServer(echo, async ({ open }) => {
      const { socket, got } = open();
      socket.write(get('/a').replace('GET', 'HEAD') + get('/b'));
      await eventually(() => got().endsWith('GET /b '), 'both are answered');
      assert.match(got(), /content-length: 8\r\n\r\nHTTP\/1\.1 200/i);
    }));

  test('sends large answers whole, and releases them once, read or not', async () => {
    const large = Buffer.alloc(5_000_000, 'x');
    let releasedCount = 0;
    await withServer(
      (exchange) =>
        exchange.send({ status: 200, pieces: [Buffer.from('{}'), large, large] }, () => releasedCount++),
      async ({ open, server }) => {
        const reader = open();
        reader.socket.write(get('/a') + get('/b'));
        await eventually(() => answersOf(reader.got()).length === 2, 'both are answered');
        assert.ok(answersOf(reader.got()).every(({ body }) => body.length === 10_000_002));
        assert.equal(releasedCount, 2);
        const leaver = open();
        leaver.socket.pause();
        leaver.socket.write(get('/a'));
        await eventually(() => server.busyCount === 1, 'it is being sent');
        assert.equal(releasedCount, 2);
        leaver.socket.destroy();
        await eventually(() => releasedCount === 3 && server.busyCount === 0, 'it is released');
      },
    );
  });

  test('sends answers in parts as fast as their client reads', async () => {
    let waits = 0;
    await withServer(
      (exchange) =>
        void (async () => {
          exchange.begin({ status: 200, headers: { 'content-type': 'text/plain' } });
          for (let i = 0; i < 300; i++) {
            if (exchange.write(Buffer.alloc(50_000, 'z'))) continue;
            waits++;
            await exchange.drained();
          }
          exchange.end();
        })(),
      async ({ open }) => {
        const { socket, got, closed } = open();
        socket.write(get('/a'));
        await eventually(() => got().endsWith('\r\n0\r\n\r\n'), 'all has come');
        assert.equal(got().split('c350\r\n').length, 301);
        socket.write('GET /a HTTP/1.0\r\n\r\n');
        await eventually(closed, 'the end of the connection is the end of the answer');
        assert.equal(got().split('z').length - 1, 30_000_000);
        assert.ok(waits > 0);
      },
    );
  });
});
