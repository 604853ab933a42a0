import assert from 'node:assert/strict';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { SocketReads } from '../../src/sockets/socket-reads.js';
import { eventually, turns } from '../support/eventually.js';

/** Two sockets of a server and their clients. */
async function withSockets(
  use: (pairs: { server: Socket; client: Socket }[]) => Promise<void>,
): Promise<void> {
  const accepted: Socket[] = [];
  const listener = createServer((socket) => accepted.push(socket));
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const clients = [0, 1].map(() => connect({ port, host: '127.0.0.1' }));
  await eventually(() => accepted.length === 2, 'both are accepted');
  const pairs = accepted.map((server) => ({
    server,
    client: clients.find(({ localPort }) => localPort === server.remotePort)!,
  }));
  try {
    await use(pairs);
  } finally {
    for (const { server, client } of pairs) {
      server.destroy();
      client.destroy();
    }
    listener.close();
  }
}

describe('reads of sockets', () => {
  test('go into one buffer on this version of Node', () => {
    assert.equal(new SocketReads().shared, true);
  });

  test('hand on what each socket got, from the same memory, and its end', () =>
    withSockets(async (pairs) => {
      const reads = new SocketReads();
      const got = pairs.map(() => '');
      const memory = new Set<ArrayBufferLike>();
      let ends = 0;
      for (const [index, { server }] of pairs.entries()) {
        reads.start(server, {
          read(bytes, count) {
            memory.add(bytes.buffer);
            got[index] += bytes.toString('latin1', 0, count);
          },
        });
        server.once('end', () => ends++);
      }
      const sent = pairs.map((_, index) => String(index).repeat(1_000_000));
      for (const [index, { client }] of pairs.entries()) client.end(sent[index] ?? '');
      await eventually(() => ends === 2, 'both have ended');
      assert.deepEqual(got, sent);
      assert.equal(memory.size, 1);
    }));

  test('of sockets that bring much are shared out over the turns of the loop', () =>
    withSockets(async (pairs) => {
      const sent = 16 * 1024 * 1024;
      for (const { client } of pairs) client.write(Buffer.alloc(sent));
      const reads = new SocketReads();
      const got = pairs.map(() => 0);
      let turn = 0;
      const ofTurns: number[] = [];
      const count = (): void => {
        turn++;
        if (got.some((bytes) => bytes < sent)) setImmediate(count);
      };
      setImmediate(count);
      for (const [index, { server }] of pairs.entries()) {
        reads.start(server, {
          read(_, bytes) {
            got[index] = (got[index] ?? 0) + bytes;
            ofTurns[turn] = (ofTurns[turn] ?? 0) + bytes;
          },
        });
      }
      await eventually(() => got.every((bytes) => bytes === sent), 'all was read');
      assert.ok(Math.max(...ofTurns.filter(Boolean)) <= 2.5 * 1024 * 1024, ofTurns.join());
    }));

  test('of a socket that is paused wait until it is resumed, though it had filled its turn', () =>
    withSockets(async ([pair]) => {
      const sent = 8 * 1024 * 1024;
      const { client, server } = pair!;
      client.write(Buffer.alloc(sent));
      const reads = new SocketReads();
      let got = 0;
      let most = 2 * 1024 * 1024;
      reads.start(server, {
        read(_, bytes) {
          got += bytes;
          if (got >= most) server.pause();
        },
      });
      await eventually(() => got >= most, 'the turn is full');
      const paused = got;
      await turns(50);
      assert.equal(got, paused);
      most = Infinity;
      server.resume();
      await eventually(() => got === sent, 'all was read');
    }));
});
