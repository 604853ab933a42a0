import { errorCode, flag } from './frames.js';
import type { FrameReader } from './frame-reader.js';
import type { ReceiveFlow } from './receive-flow.js';
import type { Stream } from './stream.js';
import type { Streams } from './streams.js';

/** Who answers for mistakes of the peer. */
export interface Faults {
  /** §5.4.1: ends the connection. */
  breakConnection(code: number, reason: string): void;
  /** §5.4.2: ends one stream, whether or not it is still open. */
  breakStream(streamId: number, code: number): void;
  /** Counts a frame that brought nothing; false when that was one too many, and the connection is over. */
  bearIdleFrame(): boolean;
}

/**
 * What comes on a stream that was reset was under way, as much as the windows held. Frames of this size are
 * few then, and no peer can send them cheaply: only smaller ones are counted.
 */
const heavyFrameBytes = 1024;

/**
 * RFC 9113 §6.1: DATA, which is handed to its stream piece by piece as it comes, after the windows and the
 * state of the stream were asked.
 */
export class DataFrames {
  readonly #streams: Streams;
  readonly #receive: ReceiveFlow;
  readonly #faults: Faults;
  /** Whose data comes; undefined when nobody wants it. */
  #stream: Stream | undefined = undefined;
  /** Bytes of the frame that were not handed on: the rest, and padding. */
  #left = 0;
  /** Whether the frame had anything but padding. */
  #brought = false;

  constructor(streams: Streams, receive: ReceiveFlow, faults: Faults) {
    this.#streams = streams;
    this.#receive = receive;
    this.#faults = faults;
  }

  begin({ streamId }: FrameReader, length: number): void {
    this.#left = length;
    this.#brought = false;
    this.#stream = undefined;
    if (!this.#receive.take(length)) {
      return this.#faults.breakConnection(
        errorCode.flowControlError,
        'DATA exceeds the window of the connection',
      );
    }
    const stream = this.#streams.find(streamId);
    if (stream === undefined) return this.#beginUnknown(streamId, length);
    if (stream.remoteEnded) return this.#faults.breakStream(streamId, errorCode.streamClosed);
    if (!this.#receive.takeOf(stream, length)) {
      return this.#faults.breakStream(streamId, errorCode.flowControlError);
    }
    this.#stream = stream;
  }

  piece(bytes: Buffer, start: number, end: number): void {
    const stream = this.#stream;
    this.#brought = true;
    this.#left -= end - start;
    if (stream === undefined || stream.closed) return this.#receive.credit(end - start);
    stream.receivedBytes += end - start;
    stream.listener.onData(bytes, start, end);
    // Whoever closed it meanwhile will not resume it: its room goes back to the connection.
    if (stream.closed) this.#receive.credit(end - start);
    else stream.consumed(end - start);
  }

  end({ streamId, flags }: FrameReader): void {
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream === undefined || stream.closed) {
      if (this.#left > 0) this.#receive.credit(this.#left);
      return;
    }
    if (this.#left > 0) stream.consumed(this.#left);
    const ended = (flags & flag.endStream) !== 0;
    if (!keepsPromise(stream, ended)) return this.#faults.breakStream(streamId, errorCode.protocolError);
    if (ended) stream.endRemote();
    else if (!this.#brought) this.#faults.bearIdleFrame();
  }

  /** Data of a stream that is not open. */
  #beginUnknown(streamId: number, length: number): void {
    if (this.#streams.isIdle(streamId)) {
      this.#faults.breakConnection(errorCode.protocolError, `DATA on idle stream ${streamId}`);
      return;
    }
    const borne = length >= heavyFrameBytes || this.#faults.bearIdleFrame();
    if (borne && !this.#streams.wasReset(streamId)) {
      this.#faults.breakStream(streamId, errorCode.streamClosed);
    }
  }
}

/** §8.1.1: whether the body is as long as content-length said. */
function keepsPromise({ promisedBytes, receivedBytes }: Stream, ended: boolean): boolean {
  if (promisedBytes === -1) return true;
  return ended ? receivedBytes === promisedBytes : receivedBytes <= promisedBytes;
}
