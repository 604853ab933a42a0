import { encodeRequest, inferPath } from '../../src/loadtest/payload.js';
import { Recorder } from '../../src/loadtest/recorder.js';
import { callRaw, connectRaw, describeEnd, type RawConnection } from '../raw/connection.js';
import { dataFrames, framed, resetFrame } from '../raw/frames.js';
import { tally, unreachable, wait, type Attack } from './attack.js';

const vector = { datatype: 'INT32', shape: [1, 16], byteLength: 64 };

/** A call that every server with the sample models answers at once. */
export const smallCall = {
  path: inferPath,
  body: framed(
    encodeRequest({
      model: 'simple',
      inputs: [
        { name: 'INPUT0', ...vector },
        { name: 'INPUT1', ...vector },
      ],
    }),
  ),
  timeoutMs: 5000,
};

const connectLanes = 50;

/** Connections with one call made on each. */
async function openMany(
  port: number,
  count: number,
): Promise<{ connections: RawConnection[]; failures: string[] }> {
  const connections: RawConnection[] = [];
  const failures: string[] = [];
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const connection = await connectRaw(port);
      if (connection !== undefined) connections.push(connection);
      const failure = connection === undefined ? 'not connected' : await callRaw(connection, smallCall);
      if (failure !== undefined) failures.push(failure);
    }
  };
  await Promise.all(Array.from({ length: connectLanes }, lane));
  return { connections, failures };
}

/** 2,000 connections that have made one call and keep still. */
export const idle: Attack = async ({ port, seconds }) => {
  const { connections, failures } = await openMany(port, 2000);
  await wait(seconds * 1000);
  const closed = connections.filter((one) => one.closed).length;
  for (const { socket } of connections) socket.destroy();
  const what = `${connections.length} idle, ${closed} closed; failures: ${tally(failures) || 'none'}`;
  return { what, cut: false, failed: failures.length };
};

/** 1,000 connections that make a call each second. */
export const manyCallers: Attack = async ({ port, seconds }) => {
  const { connections, failures } = await openMany(port, 1000);
  const latency = new Recorder();
  let calls = 0;
  const endMs = performance.now() + seconds * 2000;
  const lane = async (connection: RawConnection, index: number): Promise<void> => {
    // Spread over the second, as clients that know nothing of each other are.
    for (let atMs = performance.now() + index; atMs < endMs; atMs += 1000) {
      await wait(atMs - performance.now());
      const startMs = performance.now();
      const failure = await callRaw(connection, smallCall);
      calls++;
      if (failure === undefined) latency.record((performance.now() - startMs) * 1000);
      else failures.push(failure);
    }
  };
  await Promise.all(connections.map(lane));
  for (const { socket } of connections) socket.destroy();
  const p99 = (latency.quantileUs(0.99) / 1000).toFixed(1);
  const what = `${connections.length} connections, ${calls} calls, p99 ${p99} ms; failures: ${tally(failures) || 'none'}`;
  return { what, cut: false, failed: failures.length };
};

const goodCount = 20;
const goodPauseMs = 10;
const expiringPerTick = 10;
const tickMs = 10;
const expireMs = 5;

/** 1,000 calls a second that expire after 5 ms, on one connection with 20 callers that mean well. */
export const deadlineStorm: Attack = async ({ port, seconds }) => {
  let connection = await connectRaw(port);
  if (connection === undefined) return unreachable;
  const failures: string[] = [];
  const ends: string[] = [];
  const counts = { expired: 0, calls: 0 };
  const endMs = performance.now() + seconds * 1000;
  const storm = async (): Promise<void> => {
    for (let atMs = performance.now(); atMs < endMs; atMs += tickMs) {
      await wait(atMs - performance.now());
      if (connection?.usable === true) counts.expired += expireSome(connection);
    }
  };
  const good = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const mine = connection;
      const failure = mine === undefined ? 'not connected' : await callRaw(mine, smallCall);
      counts.calls++;
      if (failure !== undefined) failures.push(failure);
      await wait(goodPauseMs);
    }
  };
  const mend = async (): Promise<void> => {
    while (performance.now() < endMs) {
      if (connection?.usable !== true) {
        if (connection !== undefined) ends.push(describeEnd(connection));
        connection = await connectRaw(port);
      }
      await wait(tickMs);
    }
  };
  await Promise.all([storm(), mend(), ...Array.from({ length: goodCount }, good)]);
  connection?.socket.destroy();
  const what = `${counts.expired} expired; among ${counts.calls} good calls: ${tally(failures) || 'no failure'}; cut: ${tally(ends) || 'never'}`;
  return { what, cut: ends.length > 0, failed: failures.length };
};

/** Half-sent calls with a deadline, taken back when it has passed, as clients do. */
function expireSome(connection: RawConnection): number {
  const prefix = framed(new Uint8Array(0), { length: 1000 });
  const streams = Array.from({ length: expiringPerTick }, () => {
    const stream = connection.open(inferPath, [['grpc-timeout', `${expireMs}m`]]);
    connection.window -= prefix.byteLength;
    for (const bytes of dataFrames(stream, prefix, false)) connection.write(bytes);
    return stream;
  });
  setTimeout(() => {
    for (const stream of streams) {
      if (connection.streams.get(stream)?.ended === undefined) connection.write(resetFrame(stream));
      connection.streams.delete(stream);
    }
  }, expireMs);
  return streams.length;
}
