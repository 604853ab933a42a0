import { connect, type Socket } from 'node:net';
import {
  callHeaders,
  codeName,
  dataFrames,
  flag,
  frame,
  frameHeadBytes,
  refusedCode,
  setting,
  settingsFrame,
  statusIn,
  type,
  windowUpdate,
  type Fields,
} from './frames.js';

/** What the server has done to one stream. */
export interface StreamState {
  dataBytes: number;
  status: number | undefined;
  /** How it ended, `undefined` while it has not: well, by a reset's code, or with the connection. */
  ended: 'end' | 'closed' | number | undefined;
  /** Bytes that may be sent on it. */
  window: number;
  onEnd: (() => void) | undefined;
}

export interface RawOptions {
  /** What the server may send ahead on each stream. */
  readonly streamWindowBytes?: number;
  /** False for a client that grants the server nothing more than it started with. */
  readonly replenish?: boolean;
}

const defaultWindowBytes = 65535;
const windowBytesMax = 2 ** 31 - 1;
/** Received bytes after which the windows are opened again. */
const replenishBytes = 8 * 1024 * 1024;

/**
 * An HTTP/2 client connection that hides nothing: frames are written as they are, what the server does is
 * counted. It answers SETTINGS and PING, keeps to the server's windows in `send` and holds the server to
 * nothing. It never throws because of the server; `closed` and `goAway` tell what became of it.
 */
export class RawConnection {
  readonly socket: Socket;
  readonly streams = new Map<number, StreamState>();
  /** RST_STREAM frames of the server by code, also those for streams that were forgotten. */
  readonly resets = new Map<number, number>();
  goAway: number | undefined;
  closed = false;
  onClose: (() => void) | undefined;
  /** Called with where the payload of a DATA frame stands. */
  onData: ((bytes: Buffer, start: number, end: number) => void) | undefined;
  onWindow: (() => void) | undefined;
  window = defaultWindowBytes;
  #peerStreamWindow = defaultWindowBytes;
  #nextStream = 1;
  #rest: Buffer = Buffer.alloc(0);
  #received = 0;
  readonly #replenish: boolean;
  readonly #blocked: { readonly stream: number; readonly bytes: Buffer; done: () => void }[] = [];

  constructor(port: number, { streamWindowBytes = windowBytesMax, replenish = true }: RawOptions = {}) {
    this.#replenish = replenish;
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk) => this.#read(chunk));
    this.socket.on('error', () => {});
    this.socket.on('close', () => this.#end());
    const settings = settingsFrame([
      [setting.headerTableSize, 0],
      [setting.initialWindowSize, streamWindowBytes],
    ]);
    const hello = [Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), settings];
    if (replenish) hello.push(windowUpdate(0, windowBytesMax - defaultWindowBytes));
    this.write(Buffer.concat(hello));
  }

  /** Whether a call may still be started here. */
  get usable(): boolean {
    return !this.closed && this.goAway === undefined;
  }

  /** Bytes as they are; false when the socket has enough to do. */
  write(bytes: Buffer): boolean {
    return this.closed ? false : this.socket.write(bytes);
  }

  /** A stream of its own number, of which nothing was sent yet. */
  stream(): number {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    const state = { dataBytes: 0, status: undefined, ended: undefined, onEnd: undefined };
    this.streams.set(stream, { ...state, window: this.#peerStreamWindow });
    return stream;
  }

  /** Opens a call and leaves it open. */
  open(path: string, more: Fields = []): number {
    const stream = this.stream();
    const head = { type: type.headers, flags: flag.endHeaders, stream };
    this.write(frame(head, callHeaders(path, more)));
    return stream;
  }

  /** Sends the body of a stream and its end as the server's windows allow; resolves when all is sent or lost. */
  async send(stream: number, body: Buffer): Promise<void> {
    for (const bytes of dataFrames(stream, body, true)) {
      const state = this.streams.get(stream);
      if (this.closed || state === undefined || state.ended !== undefined) return;
      const size = bytes.byteLength - frameHeadBytes;
      if (this.window < size || state.window < size || this.socket.writableNeedDrain) {
        await new Promise<void>((done) => this.#blocked.push({ stream, bytes, done }));
      } else {
        this.#sendNow(state, bytes);
      }
    }
  }

  #sendNow(state: StreamState, bytes: Buffer): void {
    const size = bytes.byteLength - frameHeadBytes;
    this.window -= size;
    state.window -= size;
    if (!this.write(bytes)) this.socket.once('drain', () => this.#flush());
  }

  #flush(): void {
    for (let i = 0; i < this.#blocked.length && !this.socket.writableNeedDrain;) {
      const waiting = this.#blocked[i];
      if (waiting === undefined) return;
      const state = this.streams.get(waiting.stream);
      const size = waiting.bytes.byteLength - frameHeadBytes;
      const over = state === undefined || state.ended !== undefined;
      if (!over && (this.window < size || state.window < size)) {
        i++;
        continue;
      }
      if (!over) this.#sendNow(state, waiting.bytes);
      this.#blocked.splice(i, 1);
      waiting.done();
    }
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.byteLength === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at + frameHeadBytes <= bytes.byteLength) {
      const end = at + frameHeadBytes + bytes.readUIntBE(at, 3);
      if (end > bytes.byteLength) break;
      if (bytes[at + 3] === type.data) this.#receiveData(bytes, at, end);
      else this.#receive(bytes.subarray(at, end));
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }

  #receive(bytes: Buffer): void {
    const head = { type: bytes[3] ?? 0, flags: bytes[4] ?? 0, stream: bytes.readUInt32BE(5) };
    const payload = bytes.subarray(frameHeadBytes);
    const state = this.streams.get(head.stream);
    if (head.type === type.headers && state !== undefined) {
      state.status = statusIn(payload) ?? state.status;
      if ((head.flags & flag.endStream) !== 0) endStream(state, 'end');
    } else if (head.type === type.reset) this.#receiveReset(state, payload.readUInt32BE(0));
    else if (head.type === type.settings && head.flags !== flag.ack) this.#receiveSettings(payload);
    else if (head.type === type.ping && head.flags !== flag.ack) {
      this.write(frame({ type: type.ping, flags: flag.ack, stream: 0 }, payload));
    } else if (head.type === type.goAway) this.#receiveGoAway(payload);
    else if (head.type === type.windowUpdate) this.#receiveWindow(head.stream, payload.readUInt32BE(0));
  }

  #receiveData(bytes: Buffer, at: number, end: number): void {
    const stream = bytes.readUInt32BE(at + 5);
    const state = this.streams.get(stream);
    const size = end - at - frameHeadBytes;
    if (state !== undefined) state.dataBytes += size;
    this.#received += size;
    this.onData?.(bytes, at + frameHeadBytes, end);
    if (((bytes[at + 4] ?? 0) & flag.endStream) !== 0) endStream(state, 'end');
    if (!this.#replenish || this.#received < replenishBytes) return;
    const opened = [windowUpdate(0, this.#received)];
    if (this.streams.size === 1) opened.push(windowUpdate(stream, this.#received));
    this.#received = 0;
    this.write(Buffer.concat(opened));
  }

  /** Calls that the server says it will not look at are over. */
  #receiveGoAway(payload: Buffer): void {
    this.goAway = payload.readUInt32BE(4);
    const last = payload.readUInt32BE(0);
    for (const [stream, state] of this.streams) if (stream > last) endStream(state, refusedCode);
  }

  #receiveReset(state: StreamState | undefined, code: number): void {
    this.resets.set(code, (this.resets.get(code) ?? 0) + 1);
    endStream(state, code);
    this.#flush();
  }

  #receiveSettings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.byteLength; at += 6) {
      if (payload.readUInt16BE(at) !== setting.initialWindowSize) continue;
      const size = payload.readUInt32BE(at + 2);
      for (const state of this.streams.values()) state.window += size - this.#peerStreamWindow;
      this.#peerStreamWindow = size;
    }
    this.write(frame({ type: type.settings, flags: flag.ack, stream: 0 }));
    this.#flush();
    this.onWindow?.();
  }

  #receiveWindow(stream: number, bytes: number): void {
    const state = this.streams.get(stream);
    if (stream === 0) this.window += bytes;
    else if (state !== undefined) state.window += bytes;
    this.#flush();
    this.onWindow?.();
  }

  #end(): void {
    this.closed = true;
    for (const state of this.streams.values()) endStream(state, 'closed');
    for (const { done } of this.#blocked.splice(0)) done();
    this.onClose?.();
  }
}

function endStream(state: StreamState | undefined, how: 'end' | 'closed' | number): void {
  if (state === undefined || state.ended !== undefined) return;
  state.ended = how;
  state.onEnd?.();
}

/** A connection whose server has said its SETTINGS; undefined when it did not within the time. */
export async function connectRaw(port: number, options: RawOptions = {}): Promise<RawConnection | undefined> {
  const connection = new RawConnection(port, options);
  const settled = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(resolve, connectMsMax, false);
    const answer = (good: boolean): void => {
      clearTimeout(timer);
      resolve(good);
    };
    connection.onWindow = () => answer(true);
    connection.onClose = () => answer(false);
  });
  connection.onWindow = undefined;
  connection.onClose = undefined;
  if (settled) return connection;
  connection.socket.destroy();
  return undefined;
}

const connectMsMax = 10_000;

/** How the server treats a client, in words: what it said, what it cut. */
export function describeEnd(connection: RawConnection): string {
  const goAway = connection.goAway === undefined ? [] : [`GOAWAY ${codeName(connection.goAway)}`];
  const resets = Array.from(connection.resets, ([code, count]) => `${count} × RST ${codeName(code)}`);
  return [...goAway, ...resets, connection.closed ? 'closed' : 'left open'].join(', ');
}

/** One call with a whole body, from first byte to last; the result says how it failed, if it has. */
export async function callRaw(
  connection: RawConnection,
  { path, body, timeoutMs }: { path: string; body: Buffer; timeoutMs: number },
): Promise<string | undefined> {
  if (connection.closed) return 'connection closed';
  const stream = connection.open(path);
  const state = connection.streams.get(stream);
  if (state === undefined) return 'no stream';
  const ended = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    state.onEnd = () => {
      clearTimeout(timer);
      resolve();
    };
  });
  void connection.send(stream, body);
  await ended;
  connection.streams.delete(stream);
  return failureOf(state);
}

function failureOf({ ended, status, dataBytes }: StreamState): string | undefined {
  if (ended === undefined) return 'no answer in time';
  if (ended === 'closed') return 'connection closed';
  if (ended !== 'end') return `RST ${codeName(ended)}`;
  // An answer has bytes; without any the status alone came.
  if (dataBytes > 5) return undefined;
  return `status ${status ?? 'unknown'}`;
}
