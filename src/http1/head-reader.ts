import { GatheredBytes } from './gathered-bytes.js';
import { findHeadEnd, Malformed, parseHead, type RequestHead } from './request-head.js';

/** Heads up to this are kept to compare the next one with. */
const rememberedBytesMax = 4096;

/** A head that was read, and the bytes that it was read from. */
export interface RememberedHead {
  readonly bytes: Buffer;
  readonly head: RequestHead;
}

/** What the readers of a server share: the head that was read last, for clients send the same on many connections. */
export interface SharedHead {
  last: RememberedHead | undefined;
}

/**
 * Reads the heads of a connection's requests, however their bytes are split. Clients send the same head again and again: it
 * is compared with the last one and not read again. Bound: `headBytesMax` bytes, and what one read brings.
 */
export class HeadReader {
  /** How many bytes the last call took. */
  taken = 0;
  readonly #headBytesMax: number;
  readonly #shared: SharedHead;
  #last: RememberedHead | undefined = undefined;
  readonly #part = new GatheredBytes();

  constructor(headBytesMax: number, shared: SharedHead) {
    this.#headBytesMax = headBytesMax;
    this.#shared = shared;
  }

  /** Whether a head has begun and not ended. */
  get begun(): boolean {
    return this.#part.byteLength > 0;
  }

  /** Reads from `at` on; undefined when the head goes on behind `end`. Throws what is malformed. */
  read(bytes: Buffer, at: number, end: number): RequestHead | undefined {
    if (this.begun) return this.#goOn(bytes, at, end);
    const known = this.#find(bytes, at, end);
    if (known !== undefined) {
      this.#last = known;
      this.taken = known.bytes.byteLength;
      return known.head;
    }
    const start = skipEmptyLines(bytes, at, end);
    this.taken = end - at;
    if (start === end) return undefined;
    const headEnd = findHeadEnd(bytes, { start, from: start, end });
    if (headEnd === -1) {
      refuseOther(bytes, start);
      this.#checkSize(end - start);
      this.#part.append(bytes, start, end);
      return undefined;
    }
    this.taken = headEnd - at;
    return this.#parse(bytes, start, headEnd);
  }

  #goOn(bytes: Buffer, at: number, end: number): RequestHead | undefined {
    const before = this.#part.byteLength;
    this.#part.append(bytes, at, end);
    this.taken = end - at;
    const { bytes: all, byteLength } = this.#part;
    const start = skipEmptyLines(all, 0, byteLength);
    if (start === byteLength) {
      this.#part.clear();
      return undefined;
    }
    const headEnd = findHeadEnd(all, { start, from: Math.max(start, before), end: byteLength });
    if (headEnd === -1) {
      refuseOther(all, start);
      this.#checkSize(byteLength - start);
      return undefined;
    }
    this.taken = headEnd - before;
    const head = this.#parse(all, start, headEnd);
    this.#part.clear();
    return head;
  }

  #find(bytes: Buffer, at: number, end: number): RememberedHead | undefined {
    if (isAt(this.#last, bytes, at, end)) return this.#last;
    return isAt(this.#shared.last, bytes, at, end) ? this.#shared.last : undefined;
  }

  #parse(bytes: Buffer, start: number, end: number): RequestHead {
    this.#checkSize(end - start);
    const head = parseHead(bytes, start, end);
    if (end - start <= rememberedBytesMax) {
      this.#last = { bytes: Buffer.from(bytes.subarray(start, end)), head };
      this.#shared.last = this.#last;
    }
    return head;
  }

  #checkSize(headBytes: number): void {
    if (headBytes > this.#headBytesMax) throw new Malformed(431, 'Parse Error: Header overflow');
  }
}

/** Whether just these bytes stand there. A head says itself where it ends, so what follows is of no matter. */
function isAt(known: RememberedHead | undefined, bytes: Buffer, at: number, end: number): boolean {
  if (known === undefined) return false;
  const size = known.bytes.byteLength;
  return end - at >= size && bytes.compare(known.bytes, 0, size, at, at + size) === 0;
}

/** RFC 9112 §2.2: empty lines before a request are passed over. */
function skipEmptyLines(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (end - at >= 2 && bytes[at] === 13 && bytes[at + 1] === 10) at += 2;
  return at;
}

/** What does not begin as a request is not waited for. */
function refuseOther(bytes: Buffer, start: number): void {
  const first = bytes[start] ?? 0;
  if ((first >= 65 && first <= 90) || first === 13) return;
  throw new Malformed(400, 'Parse Error: Invalid method encountered');
}
