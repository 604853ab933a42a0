import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { frameType, flag } from '../../../../../src/http2/frames.js';
import { defaultLimits } from '../../../../../src/http2/limits.js';
import { announced } from '../../../../../src/http2/settings.js';
import { dataFrame, headersFrame, requestBlock } from '../../../../support/raw-connection.js';
import { frame, preface } from '../../../../support/raw-http2.js';
import { frame as grpcFrame } from '../raw-client.js';
import { paths } from '../rig.js';
import type { IdleFigures, IdleServerKind } from './idle-server.js';

const kib = 1024;

/** A server in a process of its own, and sockets to it. */
class IdleServer {
  readonly #child: ChildProcess;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  constructor(kind: IdleServerKind) {
    this.#child = fork(fileURLToPath(new URL('./idle-server.js', import.meta.url)), [kind]);
  }

  async start(): Promise<void> {
    [this.#port] = (await once(this.#child, 'message')) as [number];
  }

  /** Opens connections, sends something on each and waits for as many bytes of an answer on each. */
  async open(count: number, bytes: Buffer, answerBytes: number): Promise<void> {
    const answered: Promise<void>[] = [];
    for (let opened = 0; opened < count; opened++) {
      const socket = connect({ port: this.#port, host: '127.0.0.1' });
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.write(bytes);
      let left = answerBytes;
      answered.push(
        new Promise((resolve) => {
          if (left === 0) socket.once('connect', () => resolve());
          socket.on('data', (chunk) => void ((left -= chunk.byteLength) <= 0 && resolve()));
        }),
      );
    }
    await Promise.all(answered);
  }

  async closeAll(): Promise<void> {
    const closed = Array.from(this.#sockets, (socket) => once(socket, 'close'));
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    await Promise.all(closed);
  }

  /** The figures when the server has got to know of all connections. */
  async figures(connectionCount: number): Promise<IdleFigures> {
    for (;;) {
      const answer = once(this.#child, 'message') as Promise<[IdleFigures]>;
      this.#child.send('figures');
      const [figures] = await answer;
      if (figures.connectionCount === connectionCount) return figures;
    }
  }

  async close(): Promise<void> {
    await this.closeAll();
    const exit = once(this.#child, 'exit');
    this.#child.kill();
    await exit;
  }
}

const greeting = Buffer.concat([preface, frame(frameType.settings, flag.ack, 0)]);
/** The server's SETTINGS, its acknowledgement and a WINDOW_UPDATE. */
const greetingAnswerBytes = 9 + announced(defaultLimits).byteLength + 9 + 13;
const call = Buffer.concat([
  greeting,
  headersFrame(1, requestBlock(paths.plain)),
  dataFrame(1, grpcFrame(Buffer.from('x')), true),
]);
const callAnswerBytes = greetingAnswerBytes + 9 + 1 + 9 + 6 + 9 + 1;

/** Bytes of the server's process for each of 2,000 connections that have done this and are idle. */
async function bytesEach(kind: IdleServerKind, bytes: Buffer, answerBytes: number): Promise<number> {
  const server = new IdleServer(kind);
  try {
    await server.start();
    // Few at a time: the blocks that a server keeps to write into belong to no connection.
    const openAll = async (): Promise<void> => {
      for (let slice = 0; slice < 100; slice++) await server.open(20, bytes, answerBytes);
    };
    await openAll();
    await server.closeAll();
    const before = await server.figures(0);
    await openAll();
    const after = await server.figures(2000);
    return (after.usedBytes - before.usedBytes) / 2000;
  } finally {
    await server.close();
  }
}

for (const [name, bytes, answerBytes] of [
  ['has greeted', greeting, greetingAnswerBytes],
  ['has made a call', call, callAnswerBytes],
] as const) {
  test(`an idle connection that ${name} takes 6 KiB beside its socket at most`, async (t) => {
    const bare = await bytesEach('net', bytes, 0);
    const ours = await bytesEach('http2', bytes, answerBytes);
    t.diagnostic(`${Math.round(bare)} bytes for a bare socket, ${Math.round(ours - bare)} more for ours`);
    assert.ok(ours - bare <= 6 * kib, `${ours - bare} bytes more than a bare socket`);
  });
}

test('20,000 connections that came, made a call and went leave nothing', async (t) => {
  const server = new IdleServer('http2');
  const comeAndGo = async (times: number): Promise<void> => {
    for (let round = 0; round < times; round++) {
      await server.open(500, call, callAnswerBytes);
      await server.closeAll();
    }
  };
  try {
    await server.start();
    await comeAndGo(4);
    // What is left behind shows in every stretch; a pool or a code cache that grows once, in one of them.
    const growths: number[] = [];
    let { usedBytes } = await server.figures(0);
    for (let stretch = 0; stretch < 5; stretch++) {
      await comeAndGo(8);
      const after = await server.figures(0);
      growths.push((after.usedBytes - usedBytes) / 4000);
      usedBytes = after.usedBytes;
    }
    t.diagnostic(`bytes for each, by stretch: ${growths.map((growth) => growth.toFixed(1)).join(', ')}`);
    const median = growths.toSorted((a, b) => a - b)[2]!;
    assert.ok(median < 50, `${growths.join(', ')} bytes for each of them`);
  } finally {
    await server.close();
  }
});
