import { connect, type Socket } from 'node:net';
import { encodeRequest, inferPath } from '../../src/loadtest/payload.js';
import { callRaw, connectRaw } from '../raw/connection.js';
import { framed } from '../raw/frames.js';

/** What the holder of connections is asked; it answers with how many it managed. */
export interface HolderOrder {
  /** Make calls on few connections; keep connections after one call each; open and close them. */
  readonly kind: 'warm' | 'hold' | 'churn';
  readonly port: number;
  readonly count: number;
  /** Speak nothing but bytes, to the bare server. */
  readonly bare: boolean;
}

/** A connection that can make a call. */
interface Held {
  readonly socket: Socket;
  call(): Promise<boolean>;
}

const lanes = 20;
const callMsMax = 10_000;
const input = { name: 'INPUT0', datatype: 'FP32', shape: [1, 32], byteLength: 128 };
const body = framed(encodeRequest({ model: 'identity_fp32', inputs: [input] }));

// A process of its own that holds connections until it is told to go.
process.on('message', (order: HolderOrder) => {
  void obey(order).then((done) => process.send?.(done));
});
process.on('disconnect', () => process.exit(0));

async function obey({ kind, port, count, bare }: HolderOrder): Promise<number> {
  const open = bare ? openBare : openHttp2;
  let left = count;
  let done = 0;
  const lane = async (): Promise<void> => {
    const one = kind === 'warm' ? await open(port) : undefined;
    while (left > 0) {
      left--;
      const connection = one ?? (await open(port));
      if ((await connection?.call()) === true) done++;
      // Half of them leave in order, half of them just go.
      if (kind === 'churn' && left % 2 === 0) connection?.socket.end();
      else if (kind === 'churn') connection?.socket.resetAndDestroy();
    }
    one?.socket.destroy();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return done;
}

async function openHttp2(port: number): Promise<Held | undefined> {
  const connection = await connectRaw(port);
  if (connection === undefined) return undefined;
  const plan = { path: inferPath, body, timeoutMs: callMsMax };
  return { socket: connection.socket, call: async () => (await callRaw(connection, plan)) === undefined };
}

function openBare(port: number): Promise<Held> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => {});
  const call = (): Promise<boolean> =>
    new Promise((resolve) => {
      const answered = (): void => end(true);
      const closed = (): void => end(false);
      const end = (good: boolean): void => {
        socket.off('data', answered).off('close', closed);
        resolve(good);
      };
      socket.once('data', answered).once('close', closed);
      socket.write(body);
    });
  return new Promise((resolve) => {
    const ready = (): void => resolve({ socket, call });
    socket.once('connect', ready).once('close', ready);
  });
}
