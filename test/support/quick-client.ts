import { connect, type Socket } from 'node:net';
import { firstWindowBytes, flag, frameType, setting, windowMax } from '../../src/http2/frames.js';
import { HpackDecoder } from '../../src/http2/hpack/decoder.js';
import { encodeSettings } from '../../src/http2/settings.js';
import { inferenceMethod, type OpenCall, type Outcome } from './client.js';
import { resetFrame, windowUpdate } from './http2-peer.js';
import { frame, framed, headerBlock, inferPath, preface } from './raw-http2.js';

const method = inferenceMethod('ModelInfer');

/** What a call has received so far, and who waits for it. */
interface Receiving {
  body: Buffer | undefined;
  end: (outcome: Outcome) => void;
}

/**
 * A client of ModelInfer alone, on one connection, at a fraction of what a library costs: for loads that share
 * their cores with the server. Answers must fit into one window of 2^31 bytes altogether, which it opens once.
 */
export class QuickClient {
  readonly #socket: Socket;
  readonly #decoder = new HpackDecoder({ tableBytes: 4096, listBytes: 65_536 });
  readonly #calls = new Map<number, Receiving>();
  #rest: Buffer = Buffer.alloc(0);
  #nextId = 1;
  #corked = false;
  #sendWindow = firstWindowBytes;
  /** DATA that the connection's window has no room for. */
  readonly #held: Buffer[] = [];

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const windows = encodeSettings([[setting.initialWindowSize, windowMax]]);
    this.#socket.write(
      Buffer.concat([
        preface,
        frame(frameType.settings, 0, 0, windows),
        windowUpdate(0, windowMax - firstWindowBytes),
      ]),
    );
    this.#socket.on('data', (bytes: Buffer) => this.#take(bytes));
    this.#socket.on('close', () => this.#endAll('the connection is gone'));
    this.#socket.on('error', () => {});
  }

  /** Calls ModelInfer; the server ends the call when `timeoutMs` are over. */
  open(request: Uint8Array, timeoutMs?: number): OpenCall {
    const id = this.#nextId;
    this.#nextId += 2;
    const outcome = new Promise<Outcome>((end) => this.#calls.set(id, { body: undefined, end }));
    this.#send(
      frame(frameType.headers, flag.endHeaders, id, timeoutMs === undefined ? plain : timed(timeoutMs)),
    );
    this.#sendData(frame(frameType.data, flag.endStream, id, framed(Buffer.from(request))));
    return { outcome, cancel: () => this.#cancel(id) };
  }

  close(): void {
    this.#socket.destroy();
  }

  #cancel(id: number): void {
    if (!this.#calls.has(id)) return;
    this.#send(resetFrame(id));
    this.#end(id, { kind: 'failed', code: 1, details: 'cancelled by the test' });
  }

  #send(bytes: Buffer): void {
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(bytes);
  }

  #sendData(data: Buffer): void {
    const size = data.byteLength - 9;
    if (this.#held.length > 0 || size > this.#sendWindow) {
      this.#held.push(data);
      return;
    }
    this.#sendWindow -= size;
    this.#send(data);
  }

  #take(bytes: Buffer): void {
    const all = this.#rest.byteLength === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (at + 9 <= all.byteLength) {
      const end = at + 9 + all.readUIntBE(at, 3);
      if (end > all.byteLength) break;
      this.#onFrame(all[at + 3]!, all[at + 4]!, all.readUInt32BE(at + 5), all.subarray(at + 9, end));
      at = end;
    }
    this.#rest = all.subarray(at);
  }

  #onFrame(type: number, flags: number, id: number, payload: Buffer): void {
    const call = this.#calls.get(id);
    switch (type) {
      case frameType.data:
        if (call !== undefined) {
          call.body = call.body === undefined ? payload : Buffer.concat([call.body, payload]);
        }
        break;
      case frameType.headers:
        this.#onHeaders(id, flags, payload);
        break;
      case frameType.rstStream:
        this.#end(id, { kind: 'failed', code: 1, details: `reset with ${payload.readUInt32BE(0)}` });
        break;
      case frameType.settings:
        if ((flags & flag.ack) === 0) this.#send(frame(frameType.settings, flag.ack, 0));
        break;
      case frameType.windowUpdate:
        if (id === 0) this.#onWindow(payload.readUInt32BE(0));
        break;
    }
  }

  /** Every block is decoded, whoever still waits for it, so that the table stays in step. */
  #onHeaders(id: number, flags: number, block: Buffer): void {
    if ((flags & flag.endHeaders) === 0) throw new Error('a header block in pieces');
    const fields = this.#decoder.decode(block, 0, block.byteLength);
    if (typeof fields === 'string') throw new Error(`a header block that is ${fields}`);
    if ((flags & flag.endStream) === 0) return;
    const find = (name: string): string => fields.find((field) => field.name === name)?.value ?? '';
    const code = Number(find('grpc-status'));
    const body = this.#calls.get(id)?.body;
    if (code === 0 && body !== undefined) {
      this.#end(id, { kind: 'ok', response: method.responseDeserialize(body.subarray(5)) });
    } else {
      this.#end(id, { kind: 'failed', code, details: decodeURIComponent(find('grpc-message')) });
    }
  }

  #onWindow(more: number): void {
    this.#sendWindow += more;
    for (const data of this.#held.splice(0)) this.#sendData(data);
  }

  #end(id: number, outcome: Outcome): void {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    call?.end(outcome);
  }

  #endAll(details: string): void {
    for (const id of this.#calls.keys()) this.#end(id, { kind: 'failed', code: 14, details });
  }
}

const fields = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', inferPath],
  [':authority', 'localhost'],
  ['te', 'trailers'],
  ['content-type', 'application/grpc'],
] as const;

const plain = headerBlock(fields);

function timed(timeoutMs: number): Buffer {
  return headerBlock([...fields, ['grpc-timeout', `${timeoutMs}m`]]);
}
