import { errorCode } from './frames.js';
import type { Field } from './hpack/field.js';

/** A body on its way out: `copy` is asked for ranges that follow each other, each byte once. */
export interface Body {
  readonly byteLength: number;
  copy(target: Uint8Array, at: number, from: number, to: number): unknown;
  /** Called in place of what is left of the copying when the rest is not sent. */
  drop?(): void;
}

/** What is told of a stream. Nothing is told after `onClose`. */
export interface StreamListener {
  /** A piece of the request's body, valid during the call. */
  onData(bytes: Buffer, start: number, end: number): void;
  /** The peer will send no more. */
  onEnd(): void;
  /** Bytes that are awaited have not come for as long as the limit allows: the stream should be ended. */
  onStandstill(): void;
  /** What waited has been sent, after `send` said false. */
  onDrain(): void;
  /** The stream is over: NO_ERROR when the answer was whole, else why it was cut. */
  onClose(code: number): void;
}

/** What a stream asks of its connection. */
export interface StreamConnection {
  writeHeaders(stream: Stream, fields: readonly Field[], endStream: boolean): void;
  /** Sends of a body what may be sent now, from its start; the result is how much that was. */
  sendNow(stream: Stream, body: Body): number;
  writeEnd(stream: Stream): void;
  writeReset(stream: Stream, code: number): void;
  /** The stream has a queue and a window: its turn comes. */
  line(stream: Stream): void;
  /** Bytes that begin, or with a negative number cease, to wait for the peer. */
  hold(bytes: number): void;
  admits(bytes: number): boolean;
  /** A whole request holds memory until it is answered; negative when it was. */
  holdRequest(bytes: number): void;
  /** Whether a stream that was answered may wait for the peer to end its side. */
  readonly lingers: boolean;
  /** Gives the peer back the room of bytes that were dealt with. */
  credit(stream: Stream, bytes: number): void;
  /** Both sides ended it, or it was reset: it leaves the table. */
  forget(stream: Stream): void;
}

/** What a peer may go on to send on a stream that was answered. */
const surplusBytesMax = 64 * 1024;

/** Bytes of one stream that may wait before its writer is told to. */
const highWaterBytes = 64 * 1024;

/**
 * RFC 9113 §5.1: one stream, from its first HEADERS on. The states are those of the RFC: `remoteEnded` is
 * half-closed (remote), `localEnded` half-closed (local), `closed` closed.
 * Invariant: bodies wait in its queue in their order, and its trailers behind them.
 */
export class Stream {
  readonly id: number;
  /** Bytes that it may send (§5.2); negative after the peer shrank it. */
  sendWindow: number;
  /** Bytes that the peer may send. */
  receiveWindow: number;
  remoteEnded = false;
  localEnded = false;
  closed = false;
  /** The peer owes bytes, and is cut when they do not come: said by the listener. */
  awaited = false;
  /** Bytes dealt with for which the peer has not got new room yet. */
  owedBytes = 0;
  /** Bytes of the body so far, and what content-length promised; -1 when it did not. */
  receivedBytes = 0;
  promisedBytes = -1;
  /** Pieces that were taken from its queue. */
  takenCount = 0;
  /** For the send timeout: the pieces taken, counted at a time. */
  seenTaken = 0;
  seenTakenMs = 0;
  /** For the receive timeout: how far the body must come, counted from a time on. */
  seenBytes = 0;
  seenMs = 0;
  /** The next in the line of those that have something to send; undefined when last or not in it. */
  next: Stream | undefined = undefined;
  /** The link of the table that holds it; of no meaning outside. */
  nextInTable: Stream | undefined = undefined;
  inLine = false;
  #listener: StreamListener = silent;
  readonly #connection: StreamConnection;
  #queue: Body[] | undefined = undefined;
  #sentOfFirst = 0;
  #waitingBytes = 0;
  #ending: 'no' | 'plain' | readonly Field[] = 'no';
  #drainOwed = false;
  #paused = false;
  #uncreditedBytes = 0;
  #heldBytes = 0;
  /** Bytes that came behind the answer. */
  #surplusBytes = 0;

  constructor(
    connection: StreamConnection,
    id: number,
    windows: { readonly send: number; readonly receive: number },
  ) {
    this.#connection = connection;
    this.id = id;
    this.sendWindow = windows.send;
    this.receiveWindow = windows.receive;
  }

  listen(listener: StreamListener): void {
    this.#listener = listener;
  }

  get listener(): StreamListener {
    return this.#listener;
  }

  /** Whether this side may still send. */
  get writable(): boolean {
    return !this.closed && !this.localEnded && this.#ending === 'no';
  }

  /** Whether as many response bytes may be held for the peer, if it does not take them at once. */
  admits(bytes: number): boolean {
    return this.#connection.admits(bytes);
  }

  /** The request is whole and holds memory until the stream ends. */
  holdRequest(bytes: number): void {
    this.#heldBytes += bytes;
    this.#connection.holdRequest(bytes);
  }

  sendHeaders(fields: readonly Field[]): void {
    if (this.writable) this.#connection.writeHeaders(this, fields, false);
  }

  /** Sends a body, at once or when the peer has room; false when the writer should wait for `onDrain`. */
  send(body: Body): boolean {
    if (!this.writable) {
      body.drop?.();
      return false;
    }
    const sent = this.#queue === undefined ? this.#connection.sendNow(this, body) : 0;
    if (sent < body.byteLength) this.#enqueue(body, sent);
    if (this.#waitingBytes < highWaterBytes) return true;
    this.#drainOwed = true;
    return false;
  }

  /** Ends this side behind what was sent, with trailers or without. */
  end(trailers?: readonly Field[]): void {
    if (!this.writable) return;
    this.#ending = trailers ?? 'plain';
    if (this.#queue === undefined) this.#writeEnding();
  }

  /** Cuts the stream; what waits is dropped. */
  reset(code: number): void {
    if (this.closed) return;
    this.#connection.writeReset(this, code);
    this.close(code);
  }

  /** The peer gets no more room on this stream until `resume`: what it may send is bounded by the window. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const bytes = this.#uncreditedBytes;
    this.#uncreditedBytes = 0;
    if (bytes > 0) this.#connection.credit(this, bytes);
  }

  /** Bytes of the peer were dealt with. */
  consumed(bytes: number): void {
    if (this.#paused) this.#uncreditedBytes += bytes;
    else this.#connection.credit(this, bytes);
    if (!this.localEnded || this.closed) return;
    this.#surplusBytes += bytes;
    if (this.#surplusBytes > surplusBytesMax) this.reset(errorCode.noError);
  }

  get hasQueue(): boolean {
    return this.#queue !== undefined;
  }

  /** What is left of the first body in the queue. */
  get nextBytes(): number {
    return (this.#queue?.[0]?.byteLength ?? 0) - this.#sentOfFirst;
  }

  /** Writes the next `bytes` of the first body in the queue to `target`. */
  takePiece(target: Uint8Array, at: number, bytes: number): void {
    const first = this.#queue?.[0];
    if (first === undefined) return;
    const from = this.#sentOfFirst;
    first.copy(target, at, from, from + bytes);
    this.#sentOfFirst += bytes;
    this.#waitingBytes -= bytes;
    this.takenCount++;
    this.#connection.hold(-bytes);
    if (this.#sentOfFirst < first.byteLength) return;
    this.#queue?.shift();
    this.#sentOfFirst = 0;
  }

  /**
   * Copies what waits, so that nothing else is held by it: a body may be a small part of something large.
   * Most bodies have left before anyone asks for this.
   */
  ownQueue(): void {
    for (const [index, body] of this.#queue?.entries() ?? []) {
      if (Buffer.isBuffer(body)) continue;
      const from = index === 0 ? this.#sentOfFirst : 0;
      const bytes = Buffer.allocUnsafeSlow(body.byteLength - from);
      body.copy(bytes, 0, from, body.byteLength);
      if (index === 0) this.#sentOfFirst = 0;
      if (this.#queue !== undefined) this.#queue[index] = bytes;
    }
  }

  /** Called behind a piece: when it was the last, the ending follows and the writer hears of it. */
  pieceSent(): void {
    if (this.#queue === undefined || this.#queue.length > 0) return;
    this.#queue = undefined;
    if (this.#ending !== 'no') return this.#writeEnding();
    if (!this.#drainOwed) return;
    this.#drainOwed = false;
    this.#listener.onDrain();
  }

  /** The peer has ended its side. */
  endRemote(): void {
    this.remoteEnded = true;
    this.#listener.onEnd();
    if (this.localEnded) this.close(errorCode.noError);
  }

  /** Leaves the connection; told to the listener once. */
  close(code: number): void {
    if (this.closed) return;
    this.closed = true;
    const uncredited = this.#uncreditedBytes;
    this.#uncreditedBytes = 0;
    if (this.#waitingBytes > 0) this.#connection.hold(-this.#waitingBytes);
    if (this.#heldBytes > 0) this.#connection.holdRequest(-this.#heldBytes);
    for (const body of this.#queue ?? []) body.drop?.();
    this.#queue = undefined;
    this.#waitingBytes = 0;
    this.#connection.forget(this);
    if (uncredited > 0) this.#connection.credit(this, uncredited);
    this.#listener.onClose(code);
  }

  #enqueue(body: Body, from: number): void {
    const rest = body.byteLength - from;
    if (this.#queue === undefined) this.#sentOfFirst = from;
    (this.#queue ??= []).push(body);
    this.#waitingBytes += rest;
    this.#connection.hold(rest);
    if (this.sendWindow > 0 && !this.inLine) this.#connection.line(this);
  }

  #writeEnding(): void {
    const ending = this.#ending;
    if (ending === 'plain' || ending === 'no') this.#connection.writeEnd(this);
    else this.#connection.writeHeaders(this, ending, true);
    this.localEnded = true;
    if (this.remoteEnded) return this.close(errorCode.noError);
    if (!this.#connection.lingers) return this.reset(errorCode.noError);
    // §8.1: the answer is whole without the rest of the request. Most peers end or reset their side when they
    // have it; one that goes on is told to stop, which some clients do not bear while they reset it themselves.
    const listener = this.#listener;
    this.#listener = silent;
    this.awaited = true;
    this.resume();
    listener.onClose(errorCode.noError);
  }
}

const silent: StreamListener = { onData() {}, onEnd() {}, onStandstill() {}, onDrain() {}, onClose() {} };
