/**
 * Buffers that move between threads. A buffer is lent by `take`, travels to a thread and back, and is
 * kept for the next taker by `giveBack`. On Node 22 and later the buffers are shared memory, so that
 * nothing has to be transferred; before that ONNX Runtime's binding refuses shared memory and they are
 * plain buffers, moved by transfer.
 *
 * Invariant: a buffer is in the arena or with exactly one holder; a buffer that is never given back is
 * the garbage collector's. Bound: at most `keptBytesMax` lie idle, the rest is let go.
 */
export class Arena {
  readonly #free = new Map<number, ArrayBufferLike[]>();
  readonly #keptBytesMax: number;
  readonly #shared: boolean;
  #keptBytes = 0;

  constructor({ keptBytesMax, shared }: { keptBytesMax: number; shared: boolean }) {
    this.#keptBytesMax = keptBytesMax;
    this.#shared = shared;
  }

  /** Whether the buffers are shared memory, which a message carries without a transfer. */
  get shared(): boolean {
    return this.#shared;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** A buffer of at least `byteLength` bytes with unspecified content. */
  take(byteLength: number): ArrayBufferLike {
    const size = sizeClass(byteLength);
    const kept = this.#free.get(size)?.pop();
    if (kept !== undefined) {
      this.#keptBytes -= size;
      return kept;
    }
    return this.#shared ? new SharedArrayBuffer(size) : new ArrayBuffer(size);
  }

  giveBack(buffer: ArrayBufferLike): void {
    const size = buffer.byteLength;
    if (size === 0 || size > this.#keptBytesMax) return;
    if (this.#keptBytes + size > this.#keptBytesMax) this.#makeRoom(size);
    if (this.#keptBytes + size > this.#keptBytesMax) return;
    const kept = this.#free.get(size);
    if (kept === undefined) this.#free.set(size, [buffer]);
    else kept.push(buffer);
    this.#keptBytes += size;
  }

  /** Lets buffers of other sizes go: those that lie idle must not keep the sizes in use from being kept. */
  #makeRoom(size: number): void {
    for (const [other, kept] of this.#free) {
      if (other === size) continue;
      while (this.#keptBytes + size > this.#keptBytesMax && kept.pop() !== undefined)
        this.#keptBytes -= other;
    }
  }
}

const smallestBytes = 1024;
const stepBytes = 1024 * 1024;

/** Powers of two up to 1 MiB, whole MiB beyond: few classes, and little waste where it would count. */
function sizeClass(byteLength: number): number {
  if (byteLength <= smallestBytes) return smallestBytes;
  if (byteLength > stepBytes) return Math.ceil(byteLength / stepBytes) * stepBytes;
  return 2 ** Math.ceil(Math.log2(byteLength));
}

/** The alignment of every tensor in a slot: a cache line, and more than any element needs. */
export const slotAlignment = 64;

export function alignUp(offset: number): number {
  return Math.ceil(offset / slotAlignment) * slotAlignment;
}
