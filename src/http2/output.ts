import type { Writable } from 'node:stream';
import type { BlockPool } from '../sockets/block-pool.js';
import { frameHeadBytes, type FrameKind } from './frames.js';

/** What all outputs of a server write in one turn of the loop, or little more. */
const turnBytes = 2 * 1024 * 1024;

/** What an output may write in a turn, however many have something to say. */
const turnBytesLeast = 64 * 1024;

/** Runs what was put into it once, at the end of the loop turn. */
export class TurnEnd {
  /** Bytes that one output may write in this turn: those who have much to say share the loop's time. */
  allowance = turnBytes;
  #waiting: Output[] = [];
  #spare: Output[] = [];

  add(output: Output): void {
    if (this.#waiting.push(output) === 1) setImmediate(this.#run);
  }

  readonly #run = (): void => {
    const outputs = this.#waiting;
    this.#waiting = this.#spare;
    this.allowance = Math.max(turnBytesLeast, turnBytes / outputs.length);
    for (const output of outputs) output.flush();
    outputs.length = 0;
    this.#spare = outputs;
  };
}

/** What the outputs of a server share. */
export interface OutputShare {
  readonly blocks: BlockPool;
  readonly turnEnd: TurnEnd;
}

/**
 * What a connection has to say, gathered over a loop turn and written in one go, in blocks that come from a
 * pool. While the system takes a write the next one is gathered. Bound: none of its own; who writes DATA asks
 * `backlogBytes` first.
 */
export class Output {
  /** Bytes that were given to it and that the socket has not taken yet. */
  backlogBytes = 0;
  /** Writes that the socket has taken. */
  takenCount = 0;
  takenBytes = 0;
  /** Where the next byte goes: valid after `reserve` until `advance`. */
  block: Buffer = noBlock;
  readonly #socket: Writable;
  readonly #share: OutputShare;
  readonly #onTaken: () => void;
  #chunks: Buffer[] = [];
  #blocks: Buffer[] = [];
  #start = 0;
  #at = 0;
  #inFlightBlocks: Buffer[] = [];
  #inFlightBytes = 0;
  #writing = false;
  /** Writes that were taken at once, whose callbacks are still to come. */
  #knownCount = 0;
  #queued = false;
  #closed = false;
  #ending = false;
  /** Bytes written since the last flush, which comes once in a turn. */
  #turnBytes = 0;

  /** `onTaken` is called when the socket has taken a write. */
  constructor(socket: Writable, share: OutputShare, onTaken: () => void) {
    this.#socket = socket;
    this.#share = share;
    this.#onTaken = onTaken;
  }

  /**
   * Whether more DATA may be written in this turn of the loop. If not, `onTaken` is called in the next one:
   * a large answer must not keep others waiting while the system takes all that it is given.
   */
  get hasTurn(): boolean {
    if (this.#turnBytes < this.#share.turnEnd.allowance) return true;
    if (!this.#queued && !this.#closed) this.#queue();
    return false;
  }

  /** Makes room for `bytes` in the block; the result is where they go. At most a block's size. */
  reserve(bytes: number): number {
    if (this.#at + bytes > this.block.byteLength) this.#nextBlock();
    return this.#at;
  }

  /** Says that the block was written up to `end`. */
  advance(end: number): void {
    this.backlogBytes += end - this.#at;
    this.#turnBytes += end - this.#at;
    this.#at = end;
    if (!this.#queued) this.#queue();
  }

  /** Writes the head of a frame; the payload is written next. */
  head(kind: FrameKind, streamId: number, length: number): void {
    const at = this.reserve(frameHeadBytes);
    writeHead(this.block, at, (length << 8) | (kind >>> 8));
    this.block[at + 4] = kind;
    this.block.writeUInt32BE(streamId, at + 5);
    this.advance(at + frameHeadBytes);
  }

  /** Bytes of a frame's payload. At most a block's size. */
  bytes(bytes: Buffer): void {
    const at = this.reserve(bytes.byteLength);
    bytes.copy(this.block, at);
    this.advance(at + bytes.byteLength);
  }

  /** Writes what was gathered before the turn ends, when it is much: it is still in the processor's cache. */
  flushMuch(): void {
    if (this.backlogBytes >= muchBytes && !this.#writing && !this.#closed) this.#write();
  }

  /** Writes everything gathered, unless a write is under way, whose end calls this again. */
  flush(): void {
    this.#queued = false;
    this.#turnBytes = 0;
    if (this.#writing || this.#closed) return;
    this.#write();
    if (this.#writing) return;
    if (this.#ending) this.#endSocket();
    else this.#onTaken();
  }

  /** Ends the socket behind what was given to it. */
  end(): void {
    this.#ending = true;
    if (!this.#queued) this.#queue();
  }

  /** The socket is gone: nothing is written any more. */
  close(): void {
    this.#closed = true;
    this.#endChunk();
    for (const block of this.#blocks) this.#share.blocks.giveBack(block);
    this.#chunks = [];
    this.#blocks = [];
    // The block is another's from here on.
    this.block = noBlock;
    this.#start = 0;
    this.#at = 0;
    this.backlogBytes = 0;
  }

  readonly #written = (): void => {
    if (this.#knownCount > 0) {
      this.#knownCount--;
      return;
    }
    this.#taken();
    if (this.#closed) return;
    if (!this.#queued && (this.backlogBytes > 0 || this.#ending)) this.#queue();
    this.#onTaken();
  };

  #write(): void {
    this.#endChunk();
    const chunks = this.#chunks;
    const last = chunks.pop();
    if (last === undefined) return;
    this.#takeFlight();
    const socket = this.#socket;
    if (chunks.length === 0) {
      socket.write(last, this.#written);
    } else {
      socket.cork();
      for (const chunk of chunks) socket.write(chunk);
      socket.write(last, this.#written);
      chunks.length = 0;
      socket.uncork();
    }
    // Mostly the system takes a write at once; the callback would say so only after the turn.
    if (socket.writableLength > 0) return;
    this.#knownCount++;
    this.#taken();
  }

  /** The socket has taken what was in flight. */
  #taken(): void {
    this.#writing = false;
    for (const block of this.#inFlightBlocks) this.#share.blocks.giveBack(block);
    this.#inFlightBlocks.length = 0;
    if (this.#closed) return;
    this.takenCount++;
    this.takenBytes += this.#inFlightBytes;
    this.backlogBytes -= this.#inFlightBytes;
  }

  /** What was gathered is the socket's from here on. */
  #takeFlight(): void {
    this.#writing = true;
    this.#inFlightBytes = this.backlogBytes;
    const blocks = this.#inFlightBlocks;
    this.#inFlightBlocks = this.#blocks;
    this.#blocks = blocks;
    this.block = noBlock;
    this.#start = 0;
    this.#at = 0;
  }

  #queue(): void {
    this.#queued = true;
    this.#share.turnEnd.add(this);
  }

  #nextBlock(): void {
    this.#endChunk();
    this.block = this.#share.blocks.take();
    this.#blocks.push(this.block);
    this.#start = 0;
    this.#at = 0;
  }

  #endChunk(): void {
    if (this.#at === this.#start) return;
    this.#chunks.push(this.block.subarray(this.#start, this.#at));
    this.#start = this.#at;
  }

  /** Everything was said. */
  #endSocket(): void {
    this.#closed = true;
    this.#socket.end();
  }
}

const noBlock = Buffer.alloc(0);

/** What is written before the turn ends. */
const muchBytes = 256 * 1024;

function writeHead(block: Buffer, at: number, word: number): void {
  block[at] = word >>> 24;
  block[at + 1] = word >>> 16;
  block[at + 2] = word >>> 8;
  block[at + 3] = word;
}
