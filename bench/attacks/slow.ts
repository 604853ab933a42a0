import { encodeRequest, inferPath } from '../../src/loadtest/payload.js';
import { connectRaw, describeEnd, RawConnection, type StreamState } from '../raw/connection.js';
import { dataFrames, framed, setting, settingsFrame, windowUpdate } from '../raw/frames.js';
import { tally, unreachable, until, wait, type Attack, type AttackOutcome } from './attack.js';

const MiB = 1024 * 1024;

function streamsOf(connections: readonly RawConnection[]): StreamState[] {
  return connections.flatMap(({ streams }) => [...streams.values()]);
}

function open(states: readonly StreamState[]): number {
  return states.filter(({ ended }) => ended === undefined).length;
}

function closeAll(connections: readonly RawConnection[]): void {
  for (const { socket } of connections) socket.destroy();
}

async function connectSome(port: number, count: number): Promise<RawConnection[]> {
  const found: RawConnection[] = [];
  for (let i = 0; i < count; i++) {
    const connection = await connectRaw(port);
    if (connection !== undefined) found.push(connection);
  }
  return found;
}

const halfOpenConnections = 4;
const halfOpenEach = 1000;

/** 4,000 calls of which only the headers come. */
export const halfOpen: Attack = async ({ port, waitSeconds }) => {
  const connections = await connectSome(port, halfOpenConnections);
  if (connections.length === 0) return unreachable;
  for (const connection of connections) {
    for (let i = 0; i < halfOpenEach; i++) connection.open(inferPath);
  }
  const states = streamsOf(connections);
  const startMs = performance.now();
  const all = await until(() => open(states) === 0, waitSeconds * 1000);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  const ends = tally(connections.map(describeEnd));
  closeAll(connections);
  const what = all
    ? `all ended after ${seconds} s`
    : `${open(states)} of ${states.length} open after ${seconds} s`;
  return { what: `${states.length} half-open: ${what}; ${ends}`, cut: all };
};

/** One message announced as 1 GiB on each of 100 calls, and then nothing. */
export const announced: Attack = async ({ port, waitSeconds }) => {
  const connection = await connectRaw(port);
  if (connection === undefined) return unreachable;
  const prefix = framed(new Uint8Array(0), { length: 1024 * MiB });
  for (let i = 0; i < 100; i++) {
    for (const bytes of dataFrames(connection.open(inferPath), prefix, false)) connection.write(bytes);
  }
  const states = streamsOf([connection]);
  const all = await until(() => open(states) === 0, Math.min(waitSeconds, 10) * 1000);
  const statuses = tally(
    states.map(({ status, ended }) => (ended === undefined ? 'open' : `status ${status}`)),
  );
  const what = `100 × 1 GiB announced: ${statuses}; ${describeEnd(connection)}`;
  connection.socket.destroy();
  return { what, cut: all };
};

const answerBytes = 8 * MiB;
const callsEach = 100;
const uploadMsMax = 20_000;
const windowBytesMax = 2 ** 31 - 1;

/** Calls whose answers nobody takes: first the windows stay shut, then the socket is not read. */
function unread(connectionCount: number): Attack {
  return async ({ port, seconds }) => {
    const input = { name: 'INPUT0', datatype: 'FP32', shape: [1, answerBytes / 4], byteLength: answerBytes };
    const body = framed(encodeRequest({ model: 'identity_fp32', inputs: [input] }));
    const connections: RawConnection[] = [];
    for (let i = 0; i < connectionCount; i++) {
      const connection = await connectRaw(port, { streamWindowBytes: 0, replenish: false });
      if (connection !== undefined) connections.push(connection);
    }
    if (connections.length === 0) return unreachable;
    let sent = 0;
    const uploads = connections.flatMap((connection) =>
      Array.from({ length: callsEach }, async () => {
        const stream = connection.open(inferPath);
        await connection.send(stream, body);
        if (connection.streams.get(stream)?.ended === undefined) sent++;
      }),
    );
    await Promise.race([Promise.all(uploads), wait(uploadMsMax)]);
    for (const connection of connections) {
      connection.write(settingsFrame([[setting.initialWindowSize, windowBytesMax]]));
      connection.write(windowUpdate(0, windowBytesMax - 65535));
      connection.socket.pause();
    }
    await wait(seconds * 1000);
    return describeUnread(connections, sent);
  };
}

function describeUnread(connections: readonly RawConnection[], sent: number): AttackOutcome {
  const states = streamsOf(connections);
  const ends = tally(connections.map(describeEnd));
  const statuses = tally(
    states.map(({ status, ended }) => (ended === undefined ? 'open' : `status ${status}`)),
  );
  closeAll(connections);
  return {
    what: `${sent} of ${states.length} requests of 8 MiB taken; ${statuses}; ${ends}`,
    cut: open(states) === 0,
  };
}

export const unreadAnswers = unread(1);
export const unreadAnswersOf20 = unread(20);
