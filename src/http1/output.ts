import type { Socket } from 'node:net';
import type { BlockPool } from '../sockets/block-pool.js';

/** Answers up to this are copied into one block and leave in one write, which is cheaper than to send several pieces. */
const copiedBytesMax = 32 * 1024;
/** What is given to the socket in one write: between two of them it shows that the client reads. */
const writeBytesMax = 1024 * 1024;
/** What one connection writes in a turn of the loop, though the system would take more. */
const turnBytesMax = 2 * 1024 * 1024;

/** Writes the answers of a connection, one at a time. */
export class Output {
  /** Writes that the socket has taken. */
  takenCount = 0;
  readonly #socket: Socket;
  readonly #blocks: BlockPool;
  /** In flight, when it is a copy. */
  #block: Buffer | undefined = undefined;
  #pieces: readonly Uint8Array[] = noPieces;
  #index = 0;
  #at = 0;
  #turnBytes = 0;
  #writing = false;
  /** Writes that were taken at once, whose callbacks are still to come. */
  #knownCount = 0;
  #onSent: (() => void) | undefined = undefined;
  #corked = false;

  constructor(socket: Socket, blocks: BlockPool) {
    this.#socket = socket;
    this.#blocks = blocks;
  }

  /** Whether something was written that the socket has not taken. */
  get waits(): boolean {
    return this.#socket.writableLength > 0;
  }

  /** Writes an answer as it is in one go; `onSent` is called when nobody reads its bytes any more. */
  send(head: string, pieces: readonly Uint8Array[], onSent: () => void): void {
    this.#onSent = onSent;
    let bytes = head.length;
    for (const { byteLength } of pieces) bytes += byteLength;
    if (bytes <= copiedBytesMax) {
      const block = this.#blocks.take();
      this.#block = block;
      let at = block.write(head, 'latin1');
      for (const piece of pieces) {
        block.set(piece, at);
        at += piece.byteLength;
      }
      this.#socket.write(block.subarray(0, at), this.#written);
      this.#given();
      return;
    }
    this.#pieces = [Buffer.from(head, 'latin1'), ...pieces];
    this.#index = 0;
    this.#at = 0;
    this.#turnBytes = 0;
    this.#writeMore();
  }

  /** Writes a part of an answer; parts of a turn of the loop leave together. False when the client is behind. */
  write(part: string | Uint8Array): boolean {
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      setImmediate(this.#uncork);
    }
    return typeof part === 'string'
      ? this.#socket.write(part, 'latin1', this.#partTaken)
      : this.#socket.write(part, this.#partTaken);
  }

  /** Writes words at once. */
  say(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  /** The socket is gone. */
  close(): void {
    this.#sent();
  }

  readonly #uncork = (): void => {
    this.#corked = false;
    this.#socket.uncork();
  };

  readonly #partTaken = (): void => {
    this.takenCount++;
  };

  #writeMore(): void {
    const socket = this.#socket;
    const batch = this.#nextBatch();
    if (batch.length === 1) {
      socket.write(batch[0] ?? noBytes, this.#written);
      this.#given();
      return;
    }
    const last = batch.pop() ?? noBytes;
    socket.cork();
    for (const piece of batch) socket.write(piece);
    socket.write(last, this.#written);
    socket.uncork();
    this.#given();
  }

  /** What follows, up to the size of one write. */
  #nextBatch(): Uint8Array[] {
    const batch: Uint8Array[] = [];
    let room = writeBytesMax;
    while (room > 0) {
      const piece = this.#pieces[this.#index];
      if (piece === undefined) break;
      const end = Math.min(piece.byteLength, this.#at + room);
      batch.push(this.#at === 0 && end === piece.byteLength ? piece : piece.subarray(this.#at, end));
      room -= end - this.#at;
      this.#turnBytes += end - this.#at;
      this.#at = end;
      if (end < piece.byteLength) break;
      this.#index++;
      this.#at = 0;
    }
    return batch;
  }

  /** A write was given to the socket, which mostly takes it at once; its callback would say so only after the turn. */
  #given(): void {
    this.#writing = true;
    if (this.#socket.writableLength > 0) return;
    this.#knownCount++;
    this.#taken();
  }

  readonly #written = (): void => {
    if (this.#knownCount > 0) {
      this.#knownCount--;
      return;
    }
    if (this.#writing) this.#taken();
  };

  #taken(): void {
    this.#writing = false;
    this.takenCount++;
    if (this.#index >= this.#pieces.length) return this.#sent();
    if (this.#turnBytes < turnBytesMax) return this.#writeMore();
    this.#turnBytes = 0;
    setImmediate(this.#nextTurn);
  }

  readonly #nextTurn = (): void => {
    if (this.#pieces !== noPieces) this.#writeMore();
  };

  #sent(): void {
    if (this.#block !== undefined) this.#blocks.giveBack(this.#block);
    this.#block = undefined;
    this.#pieces = noPieces;
    this.#index = 0;
    const onSent = this.#onSent;
    this.#onSent = undefined;
    onSent?.();
  }
}

const noBytes = Buffer.alloc(0);
const noPieces: readonly Uint8Array[] = [];
