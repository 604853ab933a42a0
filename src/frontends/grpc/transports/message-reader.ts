import { ChunkedBytes, type TensorBytes } from '../../../tensors/chunked-bytes.js';
import type { Arena } from '../../../tensors/arena.js';
import { messageBytesMax } from '../codec/infer-response.js';

/** What is told of the messages of a call. */
export interface MessageSink {
  /** A whole message, and the buffers that it lies in: to be given back to the arena, or left to be collected. */
  onMessage(message: TensorBytes, compressed: boolean, lent: readonly ArrayBufferLike[]): void;
  /** The bytes are no frames of messages, or one is too large: nothing more is read. */
  onRefused(refusal: Refusal): void;
}

export type Refusal =
  | { readonly kind: 'too-large'; readonly length: number }
  | { readonly kind: 'bad-flag'; readonly flag: number }
  /** Too much is received at once, by all clients together. */
  | { readonly kind: 'server-full' };

/** Where the messages of all connections are put. */
export interface MessageStore {
  readonly arena: Arena;
  /** What all messages that have not come wholly may hold together. */
  readonly receivingBytesMax: number;
  receivingBytes: number;
  /** A message up to this size gets its exact buffer when its prefix has come. */
  readonly exactBytesMax: number;
  /** Bytes that are set aside for messages that were announced and have not come. */
  reservedBytes: number;
}

export const prefixBytes = 5;

/** The largest block of a message that comes in blocks. */
const blockBytesMax = 1024 * 1024;
/** What may be set aside for what was announced; beyond, memory follows what comes. */
const reservedBytesMax = 64 * 1024 * 1024;
/** Beyond the reserve, the first piece of a message: as large as a frame. */
const firstBlockBytes = 16 * 1024;

/**
 * Joins the pieces of a request's body to messages (the Length-Prefixed-Message of gRPC over HTTP/2). A piece is
 * copied once, to where it stays. Bound: a message takes the memory of what has come of it; short ones and those
 * within the reserve, what was announced. A message too large is refused at its prefix.
 */
export class MessageReader {
  readonly #store: MessageStore;
  readonly #sink: MessageSink;
  #prefix = 0;
  #prefixCount = 0;
  #flag = 0;
  #length = 0;
  #have = 0;
  /** What is filled now: the whole message, or the last of its blocks. */
  #block: Buffer | undefined = undefined;
  #filled = 0;
  #full: Buffer[] | undefined = undefined;
  #reservedBytes = 0;
  /** The arena's buffers that the message lies in. */
  #lent = nothingLent;
  #over = false;

  constructor(store: MessageStore, sink: MessageSink) {
    this.#store = store;
    this.#sink = sink;
  }

  /** Whether a message has begun and not ended. */
  get inMessage(): boolean {
    return this.#prefixCount > 0;
  }

  /** Takes a piece and tells of the messages that end in it. */
  read(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && !this.#over) {
      if (this.#prefixCount < prefixBytes) {
        at = this.#readPrefix(bytes, at, end);
        if (this.#prefixCount < prefixBytes) return;
        if (!this.#begin()) return;
      } else {
        at = this.#fill(bytes, at, end);
        if (this.#tooMuch) {
          this.#refuse({ kind: 'server-full' });
          return;
        }
      }
      if (this.#have === this.#length) this.#deliver();
    }
  }

  /** Nothing more is read; what was set aside is free. */
  stop(): void {
    this.#over = true;
    this.#full = undefined;
    this.#block = undefined;
    for (const buffer of this.#lent) this.#store.arena.giveBack(buffer);
    this.#lent = nothingLent;
    this.#free();
  }

  #readPrefix(bytes: Buffer, from: number, end: number): number {
    if (this.#prefixCount === 0 && end - from >= prefixBytes) {
      this.#flag = bytes[from] ?? 0;
      this.#prefix = bytes.readUInt32BE(from + 1);
      this.#prefixCount = prefixBytes;
      return from + prefixBytes;
    }
    let at = from;
    for (; at < end && this.#prefixCount < prefixBytes; at++) {
      const byte = bytes[at] ?? 0;
      if (this.#prefixCount++ === 0) this.#flag = byte;
      else this.#prefix = ((this.#prefix << 8) | byte) >>> 0;
    }
    return at;
  }

  #begin(): boolean {
    const length = this.#prefix;
    if (this.#flag > 1) return this.#refuse({ kind: 'bad-flag', flag: this.#flag });
    if (length > messageBytesMax) return this.#refuse({ kind: 'too-large', length });
    this.#length = length;
    this.#have = 0;
    this.#filled = 0;
    const { exactBytesMax, reservedBytes } = this.#store;
    const exact = length <= exactBytesMax && reservedBytes + length <= reservedBytesMax;
    this.#block = undefined;
    if (exact) {
      this.#reservedBytes = length;
      this.#store.reservedBytes += length;
      this.#block = this.#take(length);
    }
    return true;
  }

  /**
   * Whether this message must give way because too much is received at once. Small ones never do, and a large one
   * may be larger than the bound while others hold less than half of it.
   */
  get #tooMuch(): boolean {
    const { receivingBytes, receivingBytesMax } = this.#store;
    if (receivingBytes <= receivingBytesMax || this.#have < smallBytes) return false;
    return receivingBytes - this.#have > receivingBytesMax / 2;
  }

  #refuse(refusal: Refusal): false {
    this.stop();
    this.#sink.onRefused(refusal);
    return false;
  }

  #fill(bytes: Buffer, at: number, end: number): number {
    const block = this.#roomyBlock();
    const stop = Math.min(end, at + block.byteLength - this.#filled);
    bytes.copy(block, this.#filled, at, stop);
    this.#filled += stop - at;
    this.#have += stop - at;
    this.#store.receivingBytes += stop - at;
    return stop;
  }

  /** Blocks grow with what has come, and are never larger than what is missing. */
  #roomyBlock(): Buffer {
    const block = this.#block;
    if (block !== undefined && this.#filled < block.byteLength) return block;
    if (block !== undefined) (this.#full ??= []).push(block);
    const size = Math.min(Math.max(this.#have, firstBlockBytes), blockBytesMax);
    const next = this.#take(Math.min(this.#length - this.#have, size));
    this.#block = next;
    this.#filled = 0;
    return next;
  }

  /** Memory for a part of the message: small parts come from Node's pool and are not given back. */
  #take(bytes: number): Buffer {
    if (bytes < lentBytesMin) return Buffer.allocUnsafe(bytes);
    const buffer = this.#store.arena.take(bytes);
    if (this.#lent === nothingLent) this.#lent = [];
    this.#lent.push(buffer);
    return Buffer.from(buffer, 0, bytes);
  }

  #deliver(): void {
    const last = this.#block ?? noBytes;
    const message = this.#full === undefined ? last : new ChunkedBytes([...this.#full, last]);
    this.#full = undefined;
    this.#block = undefined;
    this.#prefixCount = 0;
    this.#prefix = 0;
    this.#free();
    const lent = this.#lent;
    this.#lent = nothingLent;
    this.#sink.onMessage(message, this.#flag === 1, lent);
  }

  /** The message is no longer being received. */
  #free(): void {
    this.#store.receivingBytes -= this.#have;
    this.#have = 0;
    this.#store.reservedBytes -= this.#reservedBytes;
    this.#reservedBytes = 0;
  }
}

/** Messages up to this are not what fills a server. */
const smallBytes = 256 * 1024;
const noBytes = Buffer.alloc(0);
const nothingLent: ArrayBufferLike[] = [];
/** Below this a buffer of the arena costs more than a new one. */
const lentBytesMin = 2048;
