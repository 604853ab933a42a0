import { inferPath } from '../../src/loadtest/payload.js';
import { connectRaw } from '../raw/connection.js';
import { framed } from '../raw/frames.js';

const answerMsMax = 30_000;

/** Calls once and returns how many bytes a whole answer has; throws when the server does not answer well. */
export async function answerBytes(port: number, message: Buffer): Promise<number> {
  const connection = await connectRaw(port);
  if (connection === undefined) throw new Error(`no server at port ${port}`);
  try {
    const stream = connection.open(inferPath);
    const state = connection.streams.get(stream);
    if (state === undefined) throw new Error('no stream. This is a bug.');
    const ended = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer in time')), answerMsMax);
      state.onEnd = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    void connection.send(stream, framed(message));
    await ended;
    if (state.dataBytes > 5 && state.ended === 'end') return state.dataBytes;
    throw new Error(`the server answered with ${state.ended}, status ${state.status}`);
  } finally {
    connection.socket.destroy();
  }
}
