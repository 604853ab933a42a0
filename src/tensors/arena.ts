import { FreeInTurns } from './free-in-turns.js';
import { freeMemory } from './free-memory.js';

/** What an arena asks of the process's clock. */
export interface ArenaClock {
  /** Calls back once, about `delayMs` from now; the process does not stay for it. */
  afterIfAlive(delayMs: number, call: () => void): void;
}

/**
 * Buffers that move between threads. A buffer is lent by `take`, travels to a thread and back, and is
 * kept for the next taker by `giveBack`. On Node 22 and later small buffers are shared memory, so that
 * nothing has to be transferred; before that ONNX Runtime's binding refuses shared memory. Plain buffers are
 * moved by transfer; those of 1 MiB and more are always plain, for only their memory can be freed at will.
 *
 * What nobody took for a whole period is let go, a little at a time: the memory of plain buffers is free at once,
 * that of shared ones when they are collected. Without a clock it stays until its place is wanted.
 *
 * Invariant: a buffer is in the arena or with exactly one holder; a buffer that is never given back is
 * the garbage collector's. Bound: at most `keptBytesMax` lie idle, and for two periods at most; the rest is let go.
 */
export class Arena {
  readonly #kept = new Map<number, SizeClass>();
  readonly #keptBytesMax: number;
  readonly #shared: boolean;
  readonly #clock: ArenaClock | undefined;
  readonly #surplus: FreeInTurns;
  /** What nobody took, on its way out. */
  #leaving: ArrayBufferLike[] = [];
  #keptBytes = 0;
  /** Whether the clock will call. */
  #watched = false;

  constructor(options: { keptBytesMax: number; shared: boolean; clock?: ArenaClock }) {
    this.#keptBytesMax = options.keptBytesMax;
    this.#shared = options.shared;
    this.#clock = options.clock;
    this.#surplus = new FreeInTurns(options.clock);
  }

  /** Whether small buffers are shared memory, which a message carries without a transfer. */
  get shared(): boolean {
    return this.#shared;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** A buffer of at least `byteLength` bytes with unspecified content. */
  take(byteLength: number): ArrayBufferLike {
    const size = sizeClass(byteLength);
    const kept = this.#kept.get(size)?.take();
    if (kept !== undefined) {
      this.#keptBytes -= size;
      return kept;
    }
    return this.#shared && size < classBytes ? new SharedArrayBuffer(size) : newBuffer(size);
  }

  /** Takes a buffer that nobody reads or writes any more: its memory may be gone behind this. */
  giveBack(buffer: ArrayBufferLike): void {
    const size = buffer.byteLength;
    if (size === 0) return;
    if (size <= this.#keptBytesMax && this.#keptBytes + size > this.#keptBytesMax) this.#makeRoom(size);
    if (this.#keptBytes + size > this.#keptBytesMax) return this.#surplus.free(buffer);
    let kept = this.#kept.get(size);
    if (kept === undefined) this.#kept.set(size, (kept = new SizeClass()));
    kept.idle.push(buffer);
    this.#keptBytes += size;
    if (!this.#watched) this.#watch(periodMs);
  }

  /** Lets buffers of other sizes go: those that lie idle must not keep the sizes in use from being kept. */
  #makeRoom(size: number): void {
    let left = stepCount - this.#letGo(stepCount, () => this.#keptBytes + size > this.#keptBytesMax);
    for (const [other, { idle }] of this.#kept) {
      if (other === size) continue;
      while (left > 0 && this.#keptBytes + size > this.#keptBytesMax) {
        const buffer = idle.pop();
        if (buffer === undefined) break;
        this.#keptBytes -= other;
        freeMemory(buffer);
        left--;
      }
    }
  }

  #watch(delayMs: number): void {
    if (this.#clock === undefined) return;
    this.#watched = true;
    this.#clock.afterIfAlive(delayMs, this.#look);
  }

  readonly #look = (): void => {
    this.#watched = false;
    if (this.#leaving.length > 0) {
      let bytes = 0;
      this.#letGo(stepCount, (next) => (bytes += next) <= stepBytes || bytes === next);
    } else {
      this.#choose();
    }
    if (this.#leaving.length > 0) this.#watch(stepMs);
    else if (this.#keptBytes > 0) this.#watch(periodMs);
  };

  /** What lay idle since the last time leaves. */
  #choose(): void {
    for (const [size, kept] of this.#kept) {
      this.#leaving.push(...kept.takeUnused());
      if (kept.idle.length === 0) this.#kept.delete(size);
    }
  }

  /** Frees what leaves, as long as `goOn` says so of the next one's bytes; the result is how many. */
  #letGo(countMost: number, goOn: (bytes: number) => boolean): number {
    let count = 0;
    while (count < countMost) {
      const next = this.#leaving.at(-1);
      if (next === undefined || !goOn(next.byteLength)) break;
      this.#leaving.pop();
      this.#keptBytes -= next.byteLength;
      freeMemory(next);
      count++;
    }
    return count;
  }
}

/** The idle buffers of one size. Those that were used last are taken first, so that the others can leave. */
class SizeClass {
  readonly idle: ArrayBufferLike[] = [];
  /** The fewest that lay idle at any time since the last look. */
  #fewest = 0;

  take(): ArrayBufferLike | undefined {
    const buffer = this.idle.pop();
    if (this.idle.length < this.#fewest) this.#fewest = this.idle.length;
    return buffer;
  }

  /** Those that nobody has needed since this was asked last. */
  takeUnused(): ArrayBufferLike[] {
    const unused = this.idle.splice(0, Math.min(this.#fewest, this.idle.length));
    this.#fewest = this.idle.length;
    return unused;
  }
}

/** For so long a buffer must not have been needed before it is let go. */
const periodMs = 4000;
/** One step lets go of at most so many buffers and bytes, or of one larger buffer: the event loop does not wait for it. */
const stepCount = 64;
const stepBytes = 1024 * 1024;
const stepMs = 4;

const smallestBytes = 1024;
const classBytes = 1024 * 1024;

/**
 * A buffer that can be resized is made of whole pages of its own, which the system has back when it is freed. Others come
 * from the C library's heap, where 16 MiB pieces stay when anything above them is in use.
 */
function newBuffer(size: number): ArrayBuffer {
  return size < classBytes ? new ArrayBuffer(size) : new ArrayBuffer(size, { maxByteLength: size });
}

/** Powers of two up to 1 MiB, whole MiB beyond: few classes, and little waste where it would count. */
function sizeClass(byteLength: number): number {
  if (byteLength <= smallestBytes) return smallestBytes;
  if (byteLength > classBytes) return Math.ceil(byteLength / classBytes) * classBytes;
  return 2 ** Math.ceil(Math.log2(byteLength));
}

/** The alignment of every tensor in a slot: a cache line, and more than any element needs. */
export const slotAlignment = 64;

export function alignUp(offset: number): number {
  return Math.ceil(offset / slotAlignment) * slotAlignment;
}
