import type { Faults } from './data-frames.js';
import { errorCode, flag } from './frames.js';
import type { FrameReader } from './frame-reader.js';
import { HeaderBlocks, type BlockStep } from './header-blocks.js';
import type { HpackDecoder } from './hpack/decoder.js';
import type { Field } from './hpack/field.js';
import { areTrailers, readRequestHead, type RequestHead } from './request-head.js';
import type { Stream } from './stream.js';
import type { Streams } from './streams.js';

/** What becomes of requests that are well formed. */
export interface RequestTaker {
  /** A request begins; undefined when no more streams are taken. */
  openStream(streamId: number): Stream | undefined;
  begin(stream: Stream, head: RequestHead): void;
  beginTooLarge(stream: Stream): void;
  /** A header block goes on for longer than any list of fields that is taken: the connection must end. */
  blockTooLong(): void;
}

const plainHeaders = flag.endHeaders | flag.padded | flag.priority;

/**
 * RFC 9113 §6.2, §6.10, §8.1: HEADERS and CONTINUATION, which open streams and end their requests. Every
 * block is decoded, wanted or not: the decoder's table must stay in step with the peer's (§4.3).
 */
export class HeaderFrames {
  readonly #decoder: HpackDecoder;
  readonly #streams: Streams;
  readonly #faults: Faults;
  readonly #taker: RequestTaker;
  readonly #blocks: HeaderBlocks;
  /** Of the block that is read. */
  #streamId = 0;
  /** Clients repeat themselves: the last list of fields, and what it was read as. */
  #lastFields: readonly Field[] | undefined = undefined;
  #lastHead: RequestHead | undefined = undefined;

  constructor(
    parts: { decoder: HpackDecoder; streams: Streams; blockBytesMax: number },
    { faults, taker }: { faults: Faults; taker: RequestTaker },
  ) {
    this.#decoder = parts.decoder;
    this.#streams = parts.streams;
    this.#blocks = new HeaderBlocks(parts.blockBytesMax);
    this.#faults = faults;
    this.#taker = taker;
  }

  /** The stream whose block goes on in the next frame; 0 when none does. */
  get openBlock(): number {
    return this.#blocks.streamId;
  }

  headers({ streamId, flags }: FrameReader, bytes: Buffer, start: number, end: number): void {
    if (streamId % 2 === 0) {
      return this.#faults.breakConnection(errorCode.protocolError, `HEADERS on stream ${streamId}`);
    }
    this.#streamId = streamId;
    if ((flags & plainHeaders) === flag.endHeaders) {
      return this.#decode((flags & flag.endStream) !== 0, bytes, start, end);
    }
    this.#step(this.#blocks.begin({ streamId, flags }, bytes.subarray(start, end)));
  }

  /** Asked for only while `openBlock` says that a block goes on. */
  continuation({ flags }: FrameReader, payload: Buffer): void {
    this.#step(this.#blocks.continue(flags, payload));
  }

  #step(step: BlockStep): void {
    switch (step.kind) {
      case 'more':
        return;
      case 'broken':
        return this.#faults.breakConnection(errorCode.protocolError, step.reason);
      case 'too-long':
        return this.#taker.blockTooLong();
      case 'whole':
        this.#decode(this.#blocks.endStream, step.bytes, step.start, step.end);
    }
  }

  #decode(endStream: boolean, bytes: Buffer, start: number, end: number): void {
    const streamId = this.#streamId;
    const fields = this.#decoder.decode(bytes, start, end);
    if (fields === 'compression') {
      return this.#faults.breakConnection(errorCode.compressionError, 'header block cannot be decoded');
    }
    const stream = this.#streams.find(streamId);
    if (stream !== undefined) this.#trailers(stream, fields, endStream);
    else if (streamId > this.#streams.lastId) this.#request(streamId, fields, endStream);
    else if (this.#faults.bearIdleFrame() && !this.#streams.wasReset(streamId)) this.#onClosed(streamId);
  }

  #onClosed(streamId: number): void {
    const last = streamId === this.#streams.lastId;
    this.#faults.breakConnection(
      last ? errorCode.streamClosed : errorCode.protocolError,
      `HEADERS on stream ${streamId}, which is over`,
    );
  }

  #request(streamId: number, fields: readonly Field[] | 'too-large', endStream: boolean): void {
    this.#streams.lastId = streamId;
    const head = fields === 'too-large' ? undefined : this.#readHead(fields);
    if (fields !== 'too-large' && head === undefined) {
      return this.#faults.breakStream(streamId, errorCode.protocolError);
    }
    const stream = this.#taker.openStream(streamId);
    if (stream === undefined) return;
    if (head === undefined) {
      this.#taker.beginTooLarge(stream);
    } else {
      stream.promisedBytes = head.contentLength;
      if (endStream && head.contentLength > 0) {
        return this.#faults.breakStream(streamId, errorCode.protocolError);
      }
      // Who answers at once must know that nothing is missing.
      stream.remoteEnded = endStream;
      this.#taker.begin(stream, head);
    }
    if (endStream && !stream.closed) stream.endRemote();
  }

  #readHead(fields: readonly Field[]): RequestHead | undefined {
    if (fields !== this.#lastFields) {
      this.#lastHead = readRequestHead(fields);
      this.#lastFields = fields;
    }
    return this.#lastHead;
  }

  #trailers(stream: Stream, fields: readonly Field[] | 'too-large', endStream: boolean): void {
    if (stream.remoteEnded) return this.#faults.breakStream(stream.id, errorCode.streamClosed);
    const proper = endStream && fields !== 'too-large' && areTrailers(fields);
    const short = stream.promisedBytes !== -1 && stream.receivedBytes !== stream.promisedBytes;
    if (!proper || short) return this.#faults.breakStream(stream.id, errorCode.protocolError);
    stream.endRemote();
  }
}
