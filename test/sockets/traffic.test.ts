import assert from 'node:assert/strict';
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { Traffic } from '../../src/sockets/traffic.js';
import { eventually } from '../support/eventually.js';

test('bytes and connections are counted while they are open and when they have closed', async () => {
  const traffic = new Traffic();
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    traffic.add(socket);
    sockets.push(socket);
    socket.on('data', (bytes) => socket.write(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const clients = [1, 2].map(() => connect((server.address() as AddressInfo).port, '127.0.0.1'));
  for (const client of clients) client.write('hello');
  const both = { receivedBytes: 10, sentBytes: 10, openedCount: 2 };
  await eventually(() => traffic.counts.sentBytes === 10, 'both were answered');
  assert.deepEqual(traffic.counts, { ...both, openCount: 2 });
  clients[0]!.end();
  await eventually(() => traffic.counts.openCount === 1, 'one has closed');
  assert.deepEqual(traffic.counts, { ...both, openCount: 1 });
  clients[1]!.destroy();
  await eventually(() => traffic.counts.openCount === 0, 'both have closed');
  assert.deepEqual(traffic.counts, { ...both, openCount: 0 });
  server.close();
});
