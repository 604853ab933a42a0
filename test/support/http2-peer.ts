import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { errorCode, flag, frameType, preface } from '../../src/http2/frames.js';
import { HpackDecoder } from '../../src/http2/hpack/decoder.js';
import { InternTable } from '../../src/http2/hpack/intern.js';
import { encodeSettings } from '../../src/http2/settings.js';
import { eventually } from './eventually.js';
import { frame, headerBlock } from './raw-http2.js';

export interface PeerFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
  /** Of HEADERS whose block is whole. */
  readonly fields: Readonly<Record<string, string>>;
}

/** What a stream has brought so far. */
export interface Answer {
  readonly heads: readonly Readonly<Record<string, string>>[];
  readonly body: Buffer;
  readonly ended: boolean;
  /** The code of its reset. */
  readonly reset: number | undefined;
}

export interface GoAway {
  readonly lastId: number;
  readonly code: number;
  readonly reason: string;
}

type Pairs = readonly (readonly [name: string, value: string])[];

export const postFields: Pairs = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'localhost'],
];

const interned = new InternTable();

/** The frames of one side of a connection, cut and decoded. */
export class FrameLog {
  readonly frames: PeerFrame[] = [];
  readonly #decoder = new HpackDecoder({ tableBytes: 4096, listBytes: 4_000_000, interned });
  #rest: Buffer = Buffer.alloc(0);
  #block: Buffer = Buffer.alloc(0);

  take(bytes: Buffer): void {
    const all = this.#rest.byteLength === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (at + 9 <= all.byteLength) {
      const end = at + 9 + all.readUIntBE(at, 3);
      if (end > all.byteLength) break;
      this.#push(all[at + 3]!, all[at + 4]!, all.readUInt32BE(at + 5), all.subarray(at + 9, end));
      at = end;
    }
    // What a server in this process writes lies in a block that it uses again.
    this.#rest = Buffer.from(all.subarray(at));
  }

  of(type: number, streamId?: number): PeerFrame[] {
    return this.frames.filter(
      (one) => one.type === type && (streamId === undefined || one.streamId === streamId),
    );
  }

  get goAways(): GoAway[] {
    return this.of(frameType.goAway).map(({ payload }) => ({
      lastId: payload.readUInt32BE(0),
      code: payload.readUInt32BE(4),
      reason: payload.subarray(8).toString(),
    }));
  }

  answer(streamId: number): Answer {
    const own = this.frames.filter((one) => one.streamId === streamId);
    const data = own.filter(({ type }) => type === frameType.data);
    const heads = own.filter(({ type }) => type === frameType.headers || type === frameType.continuation);
    const reset = own.find(({ type }) => type === frameType.rstStream);
    return {
      heads: heads.filter(({ flags }) => (flags & flag.endHeaders) !== 0).map(({ fields }) => fields),
      body: Buffer.concat(data.map(({ payload }) => payload)),
      ended: own.some(
        ({ type, flags }) => (type === frameType.data || type === frameType.headers) && (flags & 1) !== 0,
      ),
      reset: reset?.payload.readUInt32BE(0),
    };
  }

  #push(type: number, flags: number, streamId: number, payload: Buffer): void {
    let fields: Record<string, string> = {};
    if (type === frameType.headers || type === frameType.continuation) {
      this.#block = Buffer.concat([this.#block, payload]);
      if ((flags & flag.endHeaders) !== 0) {
        const decoded = this.#decoder.decode(this.#block, 0, this.#block.byteLength);
        if (typeof decoded === 'string') throw new Error(`a header block that is ${decoded}`);
        fields = Object.fromEntries(decoded.map(({ name, value }) => [name, value]));
        this.#block = Buffer.alloc(0);
      }
    }
    this.frames.push({ type, flags, streamId, payload: Buffer.from(payload), fields });
  }
}

export function settingsFrame(...settings: [id: number, value: number][]): Buffer {
  return frame(frameType.settings, 0, 0, encodeSettings(settings));
}

export function numberFrame(type: number, streamId: number, value: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(value);
  return frame(type, 0, streamId, payload);
}

export function windowUpdate(streamId: number, bytes: number): Buffer {
  return numberFrame(frameType.windowUpdate, streamId, bytes);
}

export function resetFrame(streamId: number, code: number = errorCode.cancel): Buffer {
  return numberFrame(frameType.rstStream, streamId, code);
}

export function dataFrame(streamId: number, body: string | Buffer, end = false): Buffer {
  return frame(frameType.data, end ? flag.endStream : 0, streamId, Buffer.from(body));
}

export function headersFrame(streamId: number, end = false, fields: Pairs = postFields): Buffer {
  const flags = flag.endHeaders | (end ? flag.endStream : 0);
  return frame(frameType.headers, flags, streamId, headerBlock(fields));
}

export function pingFrame(payload = 'pingping', ack = false): Buffer {
  return frame(frameType.ping, ack ? flag.ack : 0, 0, Buffer.from(payload));
}

export interface PeerSetup {
  readonly settings?: [id: number, value: number][];
  readonly tls?: ConnectionOptions;
  /** False: nothing is sent, not even the preface. */
  readonly greet?: boolean;
}

/** A client that sends any frames, right or wrong, and writes down what comes back. */
export class Http2Peer {
  readonly log = new FrameLog();
  readonly socket: Socket | TLSSocket;
  closed = false;
  /** Whether pings are answered. */
  answersPings = true;
  #answered = 0;

  constructor(port: number, { settings = [], tls, greet = true }: PeerSetup = {}) {
    const where = { host: '127.0.0.1', port };
    this.socket =
      tls === undefined ? connect(where) : connectTls({ ...where, ALPNProtocols: ['h2'], ...tls });
    this.socket.setNoDelay(true);
    this.socket.on('error', () => {});
    this.socket.on('close', () => (this.closed = true));
    this.socket.on('data', (bytes: Buffer) => {
      this.log.take(bytes);
      this.#answerPings();
    });
    if (greet) this.send(preface, settingsFrame(...settings));
  }

  send(...bytes: Buffer[]): void {
    this.socket.write(Buffer.concat(bytes));
  }

  until(reached: (log: FrameLog) => boolean, what: string): Promise<void> {
    return eventually(() => reached(this.log), what);
  }

  /** Waits for the end or the reset of a stream. */
  async answer(streamId: number): Promise<Answer> {
    const done = ({ ended, reset }: Answer): boolean => ended || reset !== undefined;
    await eventually(() => this.closed || done(this.log.answer(streamId)), `stream ${streamId} ends`);
    return this.log.answer(streamId);
  }

  /** A request with a whole body, and its answer. */
  call(streamId: number, body: string | Buffer = 'hello'): Promise<Answer> {
    this.send(headersFrame(streamId), dataFrame(streamId, body, true));
    return this.answer(streamId);
  }

  /** Waits for the server to end the connection; the result is its last word. */
  async end(): Promise<GoAway | undefined> {
    await eventually(() => this.closed, 'the connection is closed');
    return this.log.goAways.at(-1);
  }

  /** Waits until the server has dealt with everything that was sent. */
  async synced(): Promise<void> {
    const before = this.#acks();
    this.send(pingFrame('syncsync'));
    await eventually(() => this.closed || this.#acks() > before, 'the ping is answered');
  }

  destroy(): void {
    this.socket.destroy();
  }

  #acks(): number {
    return this.log
      .of(frameType.ping)
      .filter(({ flags, payload }) => flags === flag.ack && payload.toString() === 'syncsync').length;
  }

  #answerPings(): void {
    const pings = this.log.of(frameType.ping).filter(({ flags }) => flags === 0);
    if (!this.answersPings) return;
    for (const { payload } of pings.slice(this.#answered)) this.send(pingFrame(payload.toString(), true));
    this.#answered = pings.length;
  }
}
