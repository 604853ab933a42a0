import { flag, frameType, preface, setting } from '../../src/http2/frames.js';
import { blockBytesMax, HpackEncoder, repeated } from '../../src/http2/hpack/encoder.js';
import { Field } from '../../src/http2/hpack/field.js';
import { numberFrame, pingFrame, resetFrame, settingsFrame, windowUpdate } from './http2-peer.js';
import type { Random } from './random.js';
import { frame, framed } from './raw-http2.js';

/** What a session is made for: its requests name one of these. */
export interface SessionWorld {
  readonly paths: readonly string[];
}

const common = [
  repeated(':method', 'POST'),
  repeated(':scheme', 'http'),
  repeated('te', 'trailers'),
  repeated('content-type', 'application/grpc'),
];
const extras = [
  repeated('user-agent', 'some-client/1.0'),
  repeated('grpc-timeout', '20S'),
  repeated('grpc-encoding', 'gzip'),
  repeated('grpc-accept-encoding', 'identity,deflate,gzip'),
  new Field('x-bin', 'AAEC'),
  new Field('x-long', 'v'.repeat(300)),
  new Field('grpc-timeout', '1m'),
];

/** Makes the frames of sessions that break no rule, the preface as the first of them. */
export class SessionMaker {
  readonly #random: Random;
  readonly #encoder = new HpackEncoder();
  readonly #paths: readonly Field[];
  readonly #frames: Buffer[] = [];
  #lastId = -1;
  /** Streams whose request has not ended. */
  #open: number[] = [];

  constructor(random: Random, { paths }: SessionWorld) {
    this.#random = random;
    this.#paths = paths.map((path) => repeated(':path', path));
    // What the server will announce; a client that does not wait for it must not use more.
    this.#encoder.setTableBytes(2048);
  }

  make(): Buffer[] {
    const random = this.#random;
    this.#frames.push(preface, this.#settings());
    for (let left = 1 + random.below(10); left > 0; left--) this.#step();
    while (this.#open.length > 0 && random.chance(0.8)) this.#data(this.#open.pop()!, true);
    return this.#frames;
  }

  #settings(): Buffer {
    const random = this.#random;
    const all: [number, number][] = [
      [setting.headerTableSize, random.pick([0, 100, 4096, 65_536])],
      [setting.enablePush, 0],
      [setting.maxConcurrentStreams, random.below(200)],
      [setting.initialWindowSize, random.pick([0, 1, 100, 65_535, 1_000_000])],
      [setting.maxFrameSize, random.pick([16_384, 65_536, 2 ** 24 - 1])],
      [setting.maxHeaderListSize, 8192],
      [99, 1],
    ];
    return settingsFrame(...all.filter(() => random.chance(0.25)));
  }

  #step(): void {
    const random = this.#random;
    const open = this.#open;
    const streamId = open.length > 0 ? random.pick(open) : undefined;
    const kind = random.below(20);
    if (kind < 6 || this.#lastId < 0) this.#request();
    else if (kind < 11 && streamId !== undefined) this.#data(streamId, random.chance(0.4));
    else this.#control(kind, streamId);
  }

  #control(kind: number, streamId: number | undefined): void {
    const random = this.#random;
    const any = random.chance(0.5) ? 0 : Math.max(this.#lastId, 1);
    switch (kind) {
      case 11:
        return void this.#frames.push(this.#settings());
      case 12:
        return void this.#frames.push(frame(frameType.settings, flag.ack, 0));
      case 13:
        return void this.#frames.push(pingFrame('01234567', random.chance(0.3)));
      case 14:
      case 15:
        return void this.#frames.push(windowUpdate(any, 1 + random.below(100_000)));
      case 16:
        return void this.#frames.push(frame(frameType.priority, 0, 7, Buffer.from([0, 0, 0, 5, 1])));
      case 17:
        return void this.#frames.push(frame(random.pick([10, 12, 0x21]), 0, any, random.bytes(9)));
      case 18:
        if (streamId === undefined) return;
        this.#close(streamId);
        return void this.#frames.push(resetFrame(streamId, random.below(14)));
      default:
        if (streamId === undefined) return;
        this.#close(streamId);
        return this.#block(streamId, [new Field('x-trailer', 'last')], flag.endStream);
    }
  }

  #request(): void {
    const random = this.#random;
    const fields = [...common, random.pick(this.#paths)];
    for (const extra of extras) if (random.chance(0.15)) fields.push(extra);
    this.#lastId += random.chance(0.9) ? 2 : 4;
    const ends = random.chance(0.1);
    if (!ends) this.#open.push(this.#lastId);
    this.#block(this.#lastId, fields, ends ? flag.endStream : 0);
    if (!ends && random.chance(0.6)) {
      const ended = random.chance(0.7);
      this.#data(this.#lastId, ended);
    }
  }

  /** Messages, whole or in pieces of frames. */
  #data(streamId: number, ends: boolean): void {
    const random = this.#random;
    const message = framed(Buffer.alloc(random.pick([0, 1, 10, 100, 3000]), random.below(256)));
    const cut = random.chance(0.3) ? random.below(message.byteLength) : message.byteLength;
    if (cut < message.byteLength) this.#dataFrame(streamId, message.subarray(0, cut), false);
    this.#dataFrame(streamId, cut < message.byteLength ? message.subarray(cut) : message, ends);
    if (ends) this.#close(streamId);
  }

  #dataFrame(streamId: number, bytes: Buffer, ends: boolean): void {
    const padding = this.#random.chance(0.2) ? this.#random.below(256) : -1;
    const ending = ends ? flag.endStream : 0;
    const flags = padding < 0 ? ending : ending | flag.padded;
    this.#frames.push(frame(frameType.data, flags, streamId, padded(bytes, padding)));
  }

  #block(streamId: number, fields: readonly Field[], ending: number): void {
    const random = this.#random;
    const target = Buffer.alloc(blockBytesMax(fields));
    let block = target.subarray(0, this.#encoder.encode(fields, target, 0));
    let flags = ending;
    let tail: Buffer | undefined;
    if (random.chance(0.2)) {
      const cut = random.below(block.byteLength);
      tail = block.subarray(cut);
      block = block.subarray(0, cut);
    } else {
      flags |= flag.endHeaders;
    }
    if (random.chance(0.1)) {
      flags |= flag.priority;
      block = Buffer.concat([Buffer.from([0, 0, 0, 0, 16]), block]);
    }
    const padding = random.chance(0.1) ? random.below(100) : -1;
    if (padding >= 0) flags |= flag.padded;
    this.#frames.push(frame(frameType.headers, flags, streamId, padded(block, padding)));
    if (tail !== undefined) this.#frames.push(frame(frameType.continuation, flag.endHeaders, streamId, tail));
  }

  #close(streamId: number): void {
    this.#open = this.#open.filter((open) => open !== streamId);
  }
}

function padded(bytes: Buffer, padding: number): Buffer {
  return padding < 0 ? bytes : Buffer.concat([Buffer.from([padding]), bytes, Buffer.alloc(padding)]);
}

/** A GOAWAY as a client sends it. */
export function goodbye(): Buffer {
  const payload = Buffer.alloc(8);
  return Buffer.concat([frame(frameType.goAway, 0, 0, payload), numberFrame(frameType.windowUpdate, 0, 1)]);
}
