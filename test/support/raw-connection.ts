import { connect, type Socket } from 'node:net';
import { HpackDecoder } from '../../src/http2/hpack/decoder.js';
import { flag, frameType } from '../../src/http2/frames.js';
import { literal } from './hpack.js';
import { frame, preface } from './raw-http2.js';

/** How the server has answered a stream. */
export interface RawAnswer {
  readonly fields: Map<string, string>;
  dataBytes: number;
  /** The code of a reset. */
  reset: number | undefined;
  ended: boolean;
}

export interface GoAway {
  readonly lastStreamId: number;
  readonly code: number;
  readonly reason: string;
}

export interface RawSetup {
  /** What is sent first; the preface and empty SETTINGS unless it is given. */
  readonly first?: Buffer;
  /** False: the socket is not read. */
  readonly read?: boolean;
}

/** A client of HTTP/2 that sends what it is given and notes what comes: no rule holds it. */
export class RawConnection {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  isClosed = false;
  goAway: GoAway | undefined = undefined;
  /** Frames that came, by type. */
  readonly frameCounts = new Map<number, number>();
  readonly answers = new Map<number, RawAnswer>();
  onData: ((streamId: number, bytes: number) => void) | undefined = undefined;
  readonly #decoder = new HpackDecoder({ tableBytes: 4096, listBytes: 1 << 20 });
  #received = Buffer.alloc(0);

  constructor(port: number, { first = preface, read = true }: RawSetup = {}) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    // How it ended is read from the last word.
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    void this.closed.then(() => (this.isClosed = true));
    if (read) this.read();
    this.write(first);
  }

  read(): void {
    this.socket.on('data', (bytes: Buffer) => this.#read(bytes));
  }

  write(...parts: readonly Buffer[]): void {
    if (this.socket.writable) this.socket.write(Buffer.concat(parts));
  }

  close(): void {
    this.socket.destroy();
  }

  count(type: number): number {
    return this.frameCounts.get(type) ?? 0;
  }

  answer(streamId: number): RawAnswer {
    const known = this.answers.get(streamId);
    if (known !== undefined) return known;
    const answer = { fields: new Map<string, string>(), dataBytes: 0, reset: undefined, ended: false };
    this.answers.set(streamId, answer);
    return answer;
  }

  /** gRPC's status of a stream that has ended. */
  status(streamId: number): number | undefined {
    const status = this.answers.get(streamId)?.fields.get('grpc-status');
    return status === undefined ? undefined : Number(status);
  }

  #read(bytes: Buffer): void {
    const all = this.#received.byteLength === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    let at = 0;
    while (at + 9 <= all.byteLength) {
      const end = at + 9 + all.readUIntBE(at, 3);
      if (end > all.byteLength) break;
      this.#take(all[at + 3]!, all[at + 4]!, all.readUInt32BE(at + 5), all.subarray(at + 9, end));
      at = end;
    }
    this.#received = Buffer.from(all.subarray(at));
  }

  #take(type: number, flags: number, streamId: number, payload: Buffer): void {
    this.frameCounts.set(type, this.count(type) + 1);
    if (type === frameType.goAway) {
      this.goAway = {
        lastStreamId: payload.readUInt32BE(0),
        code: payload.readUInt32BE(4),
        reason: payload.toString('latin1', 8),
      };
    }
    if (type === frameType.rstStream) this.answer(streamId).reset = payload.readUInt32BE(0);
    if (type === frameType.headers) this.#takeHeaders(streamId, payload);
    if (type === frameType.data) {
      this.answer(streamId).dataBytes += payload.byteLength;
      this.onData?.(streamId, payload.byteLength);
    }
    const mayEnd = type === frameType.headers || type === frameType.data;
    if (mayEnd && (flags & flag.endStream) !== 0) this.answer(streamId).ended = true;
  }

  #takeHeaders(streamId: number, payload: Buffer): void {
    const fields = this.#decoder.decode(payload, 0, payload.byteLength);
    if (typeof fields === 'string') throw new Error(`headers of the server: ${fields}`);
    const answer = this.answer(streamId);
    for (const { name, value } of fields) answer.fields.set(name, value);
  }
}

/** The fields of a gRPC request in HPACK, none of them kept in the table. */
export function requestBlock(path: string, more: readonly (readonly [string, string])[] = []): Buffer {
  const fields: (readonly [string, string])[] = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ...more,
  ];
  return Buffer.concat(fields.map(([name, value]) => literal({ mode: 'plain', name, value })));
}

export function headersFrame(streamId: number, block: Buffer, flags: number = flag.endHeaders): Buffer {
  return frame(frameType.headers, flags, streamId, block);
}

export function dataFrame(streamId: number, payload: Buffer, ended = false): Buffer {
  return frame(frameType.data, ended ? flag.endStream : 0, streamId, payload);
}

/** A payload of one number, as RST_STREAM and WINDOW_UPDATE have it. */
export function numberFrame(type: number, streamId: number, value: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(value);
  return frame(type, 0, streamId, payload);
}

export function resetFrame(streamId: number, code = 8): Buffer {
  return numberFrame(frameType.rstStream, streamId, code);
}

export function windowUpdate(streamId: number, bytes: number): Buffer {
  return numberFrame(frameType.windowUpdate, streamId, bytes);
}

/** The preface and SETTINGS that give every stream this window. */
export function prefaceWithWindow(bytes: number): Buffer {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(4, 0);
  payload.writeUInt32BE(bytes, 2);
  return Buffer.concat([preface.subarray(0, 24), frame(frameType.settings, 0, 0, payload)]);
}

/** The ids of a client's first streams. */
export function streamIds(count: number, from = 1): number[] {
  return Array.from({ length: count }, (_, index) => from + 2 * index);
}

/** The preface of a client that takes as much as can be said. */
export const hugeWindows = Buffer.concat([
  prefaceWithWindow(2 ** 31 - 1),
  windowUpdate(0, 2 ** 31 - 1 - 65_535),
]);
