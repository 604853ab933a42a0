import {
  flag,
  frameHeadBytes,
  firstFrameBytes,
  firstWindowBytes,
  frameType,
  kindOf,
  windowMax,
} from './frames.js';
import { HpackEncoder, blockBytesMax } from './hpack/encoder.js';
import type { Field } from './hpack/field.js';
import type { Output } from './output.js';
import type { Body, Stream } from './stream.js';

/** Bytes that the socket has not taken yet, above which no more DATA is written. */
const backlogBytesMax = 1024 * 1024;

/** A frame and its head fit into a block of the output; streams that share a connection take turns by frames. */
const frameBytesMost = 32 * 1024;

const dataKind = kindOf(frameType.data);
const lastDataKind = kindOf(frameType.data, flag.endStream);

/** Response bytes that wait in a server, over all its connections. */
export interface PendingBytes {
  used: number;
  readonly most: number;
}

/** Of what is free in the whole server, one connection may take this part: always something is left for others. */
const shareOfFree = 8;
const readersShareOfFree = 2;

/** A connection that holds less may hold one answer more, whatever its size: else a large one could never be sent. */
const littleBytes = 64 * 1024;

/**
 * RFC 9113 §5.2, §6.9: what may be sent when. Streams that have something to send and a window stand in a
 * line; each gets one frame and goes to its end, so that they share the connection's window fairly.
 * Invariant: no window is ever overdrawn. Bound: bodies that wait are counted, and `admits` says when it is enough.
 */
export class SendFlow {
  /** What a new stream may send at first, as the peer's settings say. */
  streamWindow = firstWindowBytes;
  /** DATA frames and headers written, for those who judge what the peer sends back. */
  sentFrameCount = 0;
  readonly #output: Output;
  readonly #encoder = new HpackEncoder();
  readonly #pendingOfServer: PendingBytes;
  readonly #pendingBytesMax: number;
  readonly #onLimit: () => void;
  #window = firstWindowBytes;
  #frameBytes = firstFrameBytes;
  #pendingBytes = 0;
  #first: Stream | undefined = undefined;
  #last: Stream | undefined = undefined;

  constructor(output: Output, pending: { ofServer: PendingBytes; most: number; onLimit: () => void }) {
    this.#output = output;
    this.#pendingOfServer = pending.ofServer;
    this.#pendingBytesMax = pending.most;
    this.#onLimit = pending.onLimit;
  }

  setTableBytes(bytes: number): void {
    this.#encoder.setTableBytes(bytes);
  }

  /** The largest frame that the peer takes; larger ones than a block are not made. */
  setFrameBytes(bytes: number): void {
    this.#frameBytes = Math.min(bytes, frameBytesMost);
  }

  /** More bytes may be sent on the connection; false when the window would grow too large. */
  widen(bytes: number): boolean {
    this.#window += bytes;
    if (this.#window > windowMax) return false;
    this.pump();
    return true;
  }

  /** More bytes, or after new settings less, may be sent on a stream. */
  widenStream(stream: Stream, bytes: number): boolean {
    stream.sendWindow += bytes;
    if (stream.sendWindow > windowMax) return false;
    if (stream.hasQueue && stream.sendWindow > 0 && !stream.inLine) this.line(stream);
    return true;
  }

  /** Whether DATA may be written now. */
  get #open(): boolean {
    return this.#window > 0 && this.#output.backlogBytes < backlogBytesMax && this.#output.hasTurn;
  }

  sendNow(stream: Stream, body: Body): number {
    const { byteLength } = body;
    let sent = 0;
    if (this.#first !== undefined) return sent;
    while (sent < byteLength && stream.sendWindow > 0 && this.#open) {
      const size = Math.min(byteLength - sent, this.#frameBytes, stream.sendWindow, this.#window);
      const output = this.#output;
      const at = output.reserve(frameHeadBytes + size) + frameHeadBytes;
      // First the body: when it throws, nothing of the frame was said.
      body.copy(output.block, at, sent, sent + size);
      this.#beginData(stream, size);
      output.advance(at + size);
      sent += size;
      output.flushMuch();
    }
    return sent;
  }

  line(stream: Stream): void {
    stream.inLine = true;
    stream.next = undefined;
    if (this.#last === undefined) this.#first = stream;
    else this.#last.next = stream;
    this.#last = stream;
  }

  /** Takes a stream out of the line. */
  leave(stream: Stream): void {
    let before: Stream | undefined;
    for (let at = this.#first; at !== undefined && at !== stream; at = at.next) before = at;
    if (before === undefined) this.#first = stream.next;
    else before.next = stream.next;
    if (this.#last === stream) this.#last = before;
    stream.inLine = false;
    stream.next = undefined;
  }

  /** Lets those in the line send, as far as the windows and the socket go. */
  pump(): void {
    while (this.#first !== undefined && this.#open) {
      const stream = this.#first;
      this.leave(stream);
      this.#sendPiece(stream);
    }
  }

  writeHeaders(stream: Stream, fields: readonly Field[], endStream: boolean): void {
    this.sentFrameCount++;
    const most = blockBytesMax(fields);
    const ending = endStream ? flag.endStream : 0;
    if (most > firstFrameBytes) return this.#writeLongHeaders(stream.id, fields, ending);
    const output = this.#output;
    // The length is known behind the block only: the head's place is kept free and filled then.
    const at = output.reserve(frameHeadBytes + most);
    const end = this.#encoder.encode(fields, output.block, at + frameHeadBytes);
    output.head(kindOf(frameType.headers, flag.endHeaders | ending), stream.id, end - at - frameHeadBytes);
    output.advance(end);
  }

  writeEnd(stream: Stream): void {
    this.#output.head(lastDataKind, stream.id, 0);
  }

  /** Counts bytes that begin or cease to wait for the peer. */
  hold(bytes: number): void {
    this.#pendingBytes += bytes;
    this.#pendingOfServer.used += bytes;
  }

  /** Whether as many bytes more may be held, if the peer does not take them at once. */
  admits(bytes: number): boolean {
    const { most, used } = this.#pendingOfServer;
    const held = this.#pendingBytes + this.#output.backlogBytes;
    const admitted =
      this.#pendingBytes < littleBytes
        ? used < most || bytes <= littleBytes
        : held + bytes <= this.#allowance(most - used);
    if (!admitted) this.#onLimit();
    return admitted;
  }

  /** One who has read much may have as much more under way: it reads in bursts and is no danger. */
  #allowance(free: number): number {
    const { takenBytes } = this.#output;
    const share = takenBytes > this.#pendingBytesMax ? readersShareOfFree : shareOfFree;
    return Math.min(this.#pendingBytesMax + takenBytes, free / share);
  }

  #sendPiece(stream: Stream): void {
    if (stream.sendWindow <= 0) return;
    const size = Math.min(stream.nextBytes, this.#frameBytes, stream.sendWindow, this.#window);
    const output = this.#output;
    const at = output.reserve(frameHeadBytes + size) + frameHeadBytes;
    stream.takePiece(output.block, at, size);
    this.#beginData(stream, size);
    output.advance(at + size);
    output.flushMuch();
    stream.pieceSent();
    if (!stream.closed && stream.hasQueue && stream.sendWindow > 0 && !stream.inLine) this.line(stream);
  }

  #beginData(stream: Stream, size: number): void {
    this.sentFrameCount++;
    stream.sendWindow -= size;
    this.#window -= size;
    this.#output.head(dataKind, stream.id, size);
  }

  /** §6.10: a block that no frame of any peer holds goes on in CONTINUATION frames. */
  #writeLongHeaders(streamId: number, fields: readonly Field[], ending: number): void {
    const block = Buffer.allocUnsafe(blockBytesMax(fields));
    const end = this.#encoder.encode(fields, block, 0);
    let type: number = frameType.headers;
    let flags = ending;
    for (let at = 0; at === 0 || at < end; at += firstFrameBytes) {
      const piece = block.subarray(at, Math.min(end, at + firstFrameBytes));
      if (at + firstFrameBytes >= end) flags |= flag.endHeaders;
      this.#output.head(kindOf(type, flags), streamId, piece.byteLength);
      this.#output.bytes(piece);
      type = frameType.continuation;
      flags = 0;
    }
  }
}
