// A process of its own, so that what connections cost it can be told from what they cost their clients: a bare
// server of node:net, or our transport. Its parent asks for its figures by messages.
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Http2Transport } from '../../../../../src/frontends/grpc/transports/http2.js';
import { plainTransport } from '../../../../support/server.js';
import { TestService } from '../rig.js';
import { usedBytes } from './attacked.js';

export interface IdleFigures {
  readonly connectionCount: number;
  readonly usedBytes: number;
}

export type IdleServerKind = 'net' | 'http2';

/** Starts one; the results are its port and how many connections it has. */
async function start(kind: IdleServerKind): Promise<{ port: number; count: () => number }> {
  if (kind === 'http2') {
    const transport = new Http2Transport(new TestService().methods(), plainTransport);
    return { port: await transport.listen(), count: () => transport.connectionCount };
  }
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('data', () => {});
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, count: () => sockets.size };
}

const { port, count } = await start(process.argv[2] as IdleServerKind);
process.on('message', () => {
  void usedBytes().then((bytes) => {
    const figures: IdleFigures = { connectionCount: count(), usedBytes: bytes };
    process.send?.(figures);
  });
});
process.send?.(port);
