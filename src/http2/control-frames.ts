import type { Faults } from './data-frames.js';
import type { Departure } from './departure.js';
import { errorCode, flag, frameType } from './frames.js';
import type { FrameReader } from './frame-reader.js';
import type { FrameWriter } from './frame-writer.js';
import type { SendFlow } from './send-flow.js';
import { applySettings, type PeerSettings } from './settings.js';
import type { Streams } from './streams.js';

/** What the connection decides about what its peer asks. */
export interface ControlJudge extends Faults {
  /** The peer's settings hold from here on. */
  settle(): void;
  /** False when the peer pings too often, and the connection is over. */
  bearPing(): boolean;
  pingAnswered(payload: Buffer): void;
  /** False when the peer resets too many streams, and the connection is over. */
  bearReset(): boolean;
}

/** What the payload of a type must measure (§6.3–§6.9). */
const payloadBytes: ReadonlyMap<number, number> = new Map([
  [frameType.priority, 5],
  [frameType.rstStream, 4],
  [frameType.ping, 8],
  [frameType.windowUpdate, 4],
]);

/** Types that speak of one stream, and of the connection only (§6). */
const streamTypes: ReadonlySet<number> = new Set([frameType.priority, frameType.rstStream]);
const connectionTypes: ReadonlySet<number> = new Set([frameType.settings, frameType.ping, frameType.goAway]);

/** RFC 9113 §6.3–§6.9: the frames that carry no message. */
export class ControlFrames implements PeerSettings {
  readonly #streams: Streams;
  readonly #send: SendFlow;
  readonly #writer: FrameWriter;
  readonly #departure: Departure;
  readonly #judge: ControlJudge;

  constructor(
    parts: { streams: Streams; send: SendFlow; writer: FrameWriter; departure: Departure },
    judge: ControlJudge,
  ) {
    this.#streams = parts.streams;
    this.#send = parts.send;
    this.#writer = parts.writer;
    this.#departure = parts.departure;
    this.#judge = judge;
  }

  take({ type, flags, streamId }: FrameReader, payload: Buffer): void {
    const fault = this.#misplaced(type, streamId, payload.byteLength);
    if (fault !== errorCode.noError) {
      return this.#judge.breakConnection(fault, `frame of type ${type} on stream ${streamId}`);
    }
    switch (type) {
      case frameType.settings:
        return this.#settings((flags & flag.ack) !== 0, payload);
      case frameType.ping:
        return this.#ping((flags & flag.ack) !== 0, payload);
      case frameType.windowUpdate:
        return this.#windowUpdate(streamId, payload.readUInt32BE(0) & 0x7fffffff);
      case frameType.rstStream:
        return this.#reset(streamId, payload.readUInt32BE(0));
      case frameType.priority:
        return this.#priority(streamId, payload.readUInt32BE(0) & 0x7fffffff);
      case frameType.goAway:
        if (this.#judge.bearIdleFrame()) this.#departure.peerLeaves();
        return;
      default:
        // §5.5: what is unknown is passed over.
        this.#judge.bearIdleFrame();
    }
  }

  setTableBytes(bytes: number): void {
    this.#send.setTableBytes(bytes);
  }

  setFrameBytes(bytes: number): void {
    this.#send.setFrameBytes(bytes);
  }

  /** §6.9.2: the windows of all streams change by the difference. */
  setStreamWindow(bytes: number): boolean {
    const more = bytes - this.#send.streamWindow;
    this.#send.streamWindow = bytes;
    for (const stream of this.#streams.all()) {
      if (!this.#send.widenStream(stream, more)) return false;
    }
    return true;
  }

  /** The error that a frame is by its place or size alone. */
  #misplaced(type: number, streamId: number, size: number): number {
    const onConnection = streamId === 0;
    if (type === frameType.pushPromise || type === frameType.continuation) return errorCode.protocolError;
    if (onConnection ? streamTypes.has(type) : connectionTypes.has(type)) return errorCode.protocolError;
    if (size !== (payloadBytes.get(type) ?? size)) return errorCode.frameSizeError;
    if (type === frameType.goAway && size < 8) return errorCode.frameSizeError;
    const speaksOfIdle = type === frameType.rstStream || type === frameType.windowUpdate;
    return speaksOfIdle && !onConnection && this.#streams.isIdle(streamId)
      ? errorCode.protocolError
      : errorCode.noError;
  }

  #settings(ack: boolean, payload: Buffer): void {
    if (!this.#judge.bearIdleFrame()) return;
    if (ack) {
      if (payload.byteLength > 0) {
        this.#judge.breakConnection(errorCode.frameSizeError, 'SETTINGS acknowledged with a payload');
      }
      return;
    }
    const error = applySettings(this, payload);
    if (error !== errorCode.noError) return this.#judge.breakConnection(error, 'SETTINGS out of range');
    this.#writer.settingsAck();
    this.#judge.settle();
    this.#send.pump();
  }

  #ping(ack: boolean, payload: Buffer): void {
    if (ack) {
      if (this.#judge.bearIdleFrame()) this.#judge.pingAnswered(payload);
    } else if (this.#judge.bearPing()) {
      this.#writer.pingAck(payload);
    }
  }

  #windowUpdate(streamId: number, bytes: number): void {
    if (!this.#judge.bearIdleFrame()) return;
    if (streamId === 0) {
      if (bytes === 0) this.#judge.breakConnection(errorCode.protocolError, 'WINDOW_UPDATE of 0');
      else if (!this.#send.widen(bytes)) {
        this.#judge.breakConnection(errorCode.flowControlError, 'window of the connection too large');
      }
      return;
    }
    const stream = this.#streams.find(streamId);
    if (stream === undefined) return;
    if (bytes === 0) return this.#judge.breakStream(streamId, errorCode.protocolError);
    if (!this.#send.widenStream(stream, bytes)) {
      return this.#judge.breakStream(streamId, errorCode.flowControlError);
    }
    this.#send.pump();
  }

  #reset(streamId: number, code: number): void {
    const stream = this.#streams.find(streamId);
    if (stream === undefined) this.#judge.bearIdleFrame();
    // A stream that its peer cuts has not ended, whatever reason it names.
    else if (this.#judge.bearReset()) stream.close(code === errorCode.noError ? errorCode.cancel : code);
  }

  /** §5.3.2: priorities are no longer of use; a stream that depends on itself is still an error. */
  #priority(streamId: number, dependency: number): void {
    if (dependency === streamId) this.#judge.breakStream(streamId, errorCode.protocolError);
    else this.#judge.bearIdleFrame();
  }
}
