import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect, type Server } from 'node:net';
import { Duplex } from 'node:stream';
import { FrameLog } from './http2-peer.js';

/** The client's end of a connection that lies in memory. */
export interface MemoryClient {
  readonly log: FrameLog;
  /** The connection is gone on the server's side. */
  closed: boolean;
  push(bytes: Buffer): void;
  destroy(): void;
}

/** The listener behind a port of this process. */
export async function listenerOf(port: number): Promise<Server> {
  const listener = await new Promise<Server>((resolve, reject) => {
    const note = (message: unknown): void => {
      const { socket } = message as { socket: { server: Server; localPort: number } };
      if (socket.localPort !== port) return;
      unsubscribe('net.server.socket', note);
      client.destroy();
      resolve(socket.server);
    };
    subscribe('net.server.socket', note);
    const client = connect({ port, host: '127.0.0.1' });
    client.on('error', reject);
  });
  return listener;
}

/** Opens a connection without a network under it; a slow one takes a loop turn for each write. */
export function openMemoryClient(listener: Server, slow = false): MemoryClient {
  const log = new FrameLog();
  const socket = new Duplex({
    allowHalfOpen: false,
    read() {},
    write(chunk: Buffer, _encoding, done) {
      log.take(chunk);
      if (slow) setImmediate(done);
      else done();
    },
    final(done) {
      done();
      socket.push(null);
    },
  });
  Object.assign(socket, { remoteAddress: '127.0.0.1', remotePort: 1 });
  const client: MemoryClient = {
    log,
    closed: false,
    push(bytes) {
      if (!socket.destroyed && !socket.readableEnded && !socket.writableEnded) socket.push(bytes);
    },
    destroy: () => void socket.destroy(),
  };
  socket.on('close', () => (client.closed = true));
  listener.emit('connection', socket);
  return client;
}
