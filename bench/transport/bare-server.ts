import { createServer, type AddressInfo } from 'node:net';
import { collectOnSignal } from '../collect.js';
import { announcePort } from '../server-process.js';

// What a socket costs by itself: a server that answers whatever it gets with as many bytes as a small call has.

const answer = Buffer.alloc(256);
const server = createServer({ noDelay: true }, (socket) => {
  socket.on('data', () => socket.write(answer));
  socket.on('error', () => {});
});
collectOnSignal();
server.listen(0, '127.0.0.1', () => announcePort((server.address() as AddressInfo).port));
