import type { ReceiveFlow } from './receive-flow.js';
import type { SendFlow } from './send-flow.js';
import { errorCode } from './frames.js';
import type { FrameWriter } from './frame-writer.js';
import type { Field } from './hpack/field.js';
import { StreamTable } from './stream-table.js';
import { Stream, type Body, type StreamConnection } from './stream.js';

/** How many of the streams that were reset last are remembered. */
const rememberedMax = 2048;

/**
 * RFC 9113 §5.1: the streams of a connection that are not closed, and what they do to it. Streams that this
 * side reset are remembered for a while: what the peer still sends on them was under way and is no mistake.
 * Bound: the table is as large as its connection lets it be, the memory holds the last 2,048.
 */
export class Streams implements StreamConnection {
  /** The highest stream that the peer has opened. */
  lastId = 0;
  readonly #writer: FrameWriter;
  readonly #send: SendFlow;
  readonly #receive: ReceiveFlow;
  readonly #open = new StreamTable();
  readonly #reset = new Set<number>();
  readonly #onEmpty: () => void;
  #lingers = true;

  /** `onEmpty` is called when the last stream has closed. */
  constructor(
    parts: { readonly writer: FrameWriter; readonly send: SendFlow; readonly receive: ReceiveFlow },
    onEmpty: () => void,
  ) {
    this.#writer = parts.writer;
    this.#send = parts.send;
    this.#receive = parts.receive;
    this.#onEmpty = onEmpty;
  }

  get count(): number {
    return this.#open.size;
  }

  find(id: number): Stream | undefined {
    return this.#open.find(id);
  }

  all(): readonly Stream[] {
    return this.#open.all();
  }

  /** §5.1.1: no such stream was ever opened. */
  isIdle(id: number): boolean {
    return id > this.lastId || id % 2 === 0;
  }

  wasReset(id: number): boolean {
    return this.#reset.has(id);
  }

  open(id: number, receiveWindow: number): Stream {
    const stream = new Stream(this, id, { send: this.#send.streamWindow, receive: receiveWindow });
    this.#open.add(stream);
    return stream;
  }

  /** The connection is over, and every stream with it. */
  closeAll(code: number): void {
    for (const stream of this.#open.all()) closeWhatever(stream, code);
  }

  /** From here on a stream ends with its answer, whether or not the peer has said all that it wanted to. */
  endWithAnswers(): void {
    this.#lingers = false;
    for (const stream of this.#open.all()) if (stream.localEnded) stream.reset(errorCode.noError);
  }

  /** A stream that is not in the table is reset: it was refused, or is closed already. */
  refuse(id: number, code: number): void {
    this.#remember(id);
    this.#writer.reset(id, code);
  }

  writeHeaders(stream: Stream, fields: readonly Field[], endStream: boolean): void {
    this.#send.writeHeaders(stream, fields, endStream);
  }

  sendNow(stream: Stream, body: Body): number {
    return this.#send.sendNow(stream, body);
  }

  writeEnd(stream: Stream): void {
    this.#send.writeEnd(stream);
  }

  writeReset(stream: Stream, code: number): void {
    if (!stream.remoteEnded) this.#remember(stream.id);
    this.#writer.reset(stream.id, code);
  }

  get lingers(): boolean {
    return this.#lingers;
  }

  line(stream: Stream): void {
    this.#send.line(stream);
  }

  hold(bytes: number): void {
    this.#send.hold(bytes);
  }

  holdRequest(bytes: number): void {
    this.#receive.hold(bytes);
  }

  admits(bytes: number): boolean {
    return this.#send.admits(bytes);
  }

  credit(stream: Stream, bytes: number): void {
    this.#receive.creditOf(stream, bytes);
  }

  forget(stream: Stream): void {
    if (stream.inLine) this.#send.leave(stream);
    this.#open.remove(stream);
    if (this.#open.size === 0) this.#onEmpty();
  }

  #remember(id: number): void {
    if (this.#reset.size === rememberedMax) {
      for (const oldest of this.#reset) {
        this.#reset.delete(oldest);
        break;
      }
    }
    this.#reset.add(id);
  }
}

/** A listener that throws must not keep the others from hearing of the end. */
function closeWhatever(stream: Stream, code: number): void {
  try {
    stream.close(code);
  } catch {
    // Its own part of the stream is over all the same.
  }
}
