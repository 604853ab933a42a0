import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { announcePort } from '../server-process.js';

// An echo of POST on bare node:http, as short as it can be written: what HTTP costs in Node before a server does anything.

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  let length = 0;
  request.on('data', (piece: Buffer) => {
    pieces.push(piece);
    length += piece.byteLength;
  });
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': length });
    response.cork();
    for (const piece of pieces) response.write(piece);
    response.end();
    response.uncork();
  });
});
server.listen(0, '127.0.0.1', () => announcePort((server.address() as AddressInfo).port));
