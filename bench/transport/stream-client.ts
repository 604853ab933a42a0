import { encodeRequest } from '../../src/loadtest/payload.js';
import { streamPath } from '../echo-methods.js';
import { cpuSeconds } from '../process-usage.js';
import { connectRaw, type RawConnection } from '../raw/connection.js';
import { frame, frameBytesMax, frameHeadBytes, framed, type } from '../raw/frames.js';

/** What the stream client is asked, and what it says in the end. */
export interface StreamLoad {
  readonly port: number;
  readonly serverPid: number;
  readonly payloadBytes: number;
  readonly seconds: number;
}

export interface StreamFigures {
  readonly answered: number;
  readonly seconds: number;
  readonly clientCpuSeconds: number;
  readonly serverCpuSeconds: number;
  readonly cut: boolean;
}

const warmUpSeconds = 0.5;
/** Bytes that may wait in this process for the socket. */
const queuedBytesMax = 1024 * 1024;

// A process of its own that pipelines messages on one bidirectional stream. Frames full of messages are made
// beforehand, and answers are counted by their bytes, so that the client costs next to nothing.
process.once('message', (load: StreamLoad) => {
  void drive(load).then((figures) => process.send?.(figures, () => process.disconnect()));
});

async function drive({ port, serverPid, payloadBytes, seconds }: StreamLoad): Promise<StreamFigures> {
  const connection = await connectRaw(port);
  if (connection === undefined) throw new Error('the server does not speak HTTP/2');
  const stream = connection.open(streamPath);
  const count = answerCounter(connection);
  pump(connection, stream, payloadBytes);
  await wait(warmUpSeconds);
  const before = {
    answered: count(),
    cpu: process.cpuUsage(),
    server: cpuSeconds(serverPid),
    ms: performance.now(),
  };
  await wait(seconds);
  const { user, system } = process.cpuUsage(before.cpu);
  const figures = {
    answered: count() - before.answered,
    seconds: (performance.now() - before.ms) / 1000,
    serverCpuSeconds: cpuSeconds(serverPid) - before.server,
    clientCpuSeconds: (user + system) / 1e6,
    cut: connection.closed || connection.streams.get(stream)?.ended !== undefined,
  };
  connection.socket.destroy();
  return figures;
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/** Answers so far: all have the size of the first one. */
function answerCounter(connection: RawConnection): () => number {
  let first: Buffer = Buffer.alloc(0);
  let received = 0;
  connection.onData = (bytes, start, end) => {
    received += end - start;
    if (first.byteLength < 5) first = Buffer.concat([first, bytes.subarray(start, end)]);
  };
  return () => (first.byteLength < 5 ? 0 : Math.floor(received / (5 + first.readUInt32BE(1))));
}

/** Writes full frames of messages as the server's windows allow. */
function pump(connection: RawConnection, stream: number, payloadBytes: number): void {
  const input = { name: 'INPUT0', datatype: 'FP32', shape: [1, payloadBytes / 4], byteLength: payloadBytes };
  const message = framed(encodeRequest({ model: 'identity_fp32', inputs: [input] }));
  const perFrame = Math.max(1, Math.floor(frameBytesMax / message.byteLength));
  const body = Buffer.concat(Array.from({ length: perFrame }, () => message));
  const bytes = frame({ type: type.data, stream }, body);
  const state = connection.streams.get(stream);
  const size = bytes.byteLength - frameHeadBytes;
  const more = (): void => {
    if (state === undefined || state.ended !== undefined) return;
    while (
      connection.window >= size &&
      state.window >= size &&
      connection.socket.writableLength < queuedBytesMax
    ) {
      connection.window -= size;
      state.window -= size;
      connection.write(bytes);
    }
  };
  connection.onWindow = more;
  connection.socket.on('drain', more);
  more();
}
