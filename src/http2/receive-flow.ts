import { firstFrameBytes, firstWindowBytes } from './frames.js';
import type { FrameWriter } from './frame-writer.js';
import type { Limits } from './limits.js';
import type { Stream } from './stream.js';

/**
 * RFC 9113 §5.2, §6.9: what the peer may send. Room is given back in large steps, when half of a window has
 * been dealt with. Bound: the peer never has more under way than the windows that were announced to it.
 */
export class ReceiveFlow {
  readonly #writer: FrameWriter;
  readonly #streamWindow: number;
  readonly #connectionWindow: number;
  #window: number;
  #owedBytes = 0;
  #heldBytes = 0;

  constructor(writer: FrameWriter, { streamWindowBytes, connectionWindowBytes }: Limits) {
    this.#writer = writer;
    this.#streamWindow = streamWindowBytes;
    this.#connectionWindow = Math.max(connectionWindowBytes, firstWindowBytes);
    this.#window = this.#connectionWindow;
  }

  /** Opens the connection's window at once. */
  open(): void {
    const more = this.#connectionWindow - firstWindowBytes;
    if (more > 0) this.#writer.windowUpdate(0, more);
  }

  /** Whether the peer may send a frame; not while as much as it may have under way is held by paused streams. */
  get hasRoom(): boolean {
    return this.#window >= firstFrameBytes;
  }

  /** Counts a DATA frame; false when the connection's window does not hold it. */
  take(bytes: number): boolean {
    this.#window -= bytes;
    return this.#window >= 0;
  }

  /** Counts a DATA frame of a stream; false when its window does not hold it. */
  takeOf(stream: Stream, bytes: number): boolean {
    stream.receiveWindow -= bytes;
    return stream.receiveWindow >= 0;
  }

  /**
   * Whole requests that wait for their answers hold as many bytes more, or with a negative number less. While they
   * hold more than the connection's window the peer gets no new room: one that does not read its answers is not
   * asked for more.
   */
  hold(bytes: number): void {
    this.#heldBytes += bytes;
    if (bytes < 0) this.credit(0);
  }

  /** Bytes of the connection were dealt with. */
  credit(bytes: number): void {
    this.#owedBytes += bytes;
    if (this.#owedBytes * 2 < this.#connectionWindow || this.#heldBytes > this.#connectionWindow) return;
    this.#writer.windowUpdate(0, this.#owedBytes);
    this.#window += this.#owedBytes;
    this.#owedBytes = 0;
  }

  /** Bytes of a stream were dealt with. */
  creditOf(stream: Stream, bytes: number): void {
    this.credit(bytes);
    stream.owedBytes += bytes;
    if (stream.owedBytes * 2 < this.#streamWindow || stream.remoteEnded || stream.closed) return;
    this.#writer.windowUpdate(stream.id, stream.owedBytes);
    stream.receiveWindow += stream.owedBytes;
    stream.owedBytes = 0;
  }
}
