/** Bytes that are not a well-formed protobuf message. */
export class MalformedMessage extends Error {
  constructor(what: string) {
    super(`malformed message: ${what}`);
    this.name = 'MalformedMessage';
  }
}

/** The four wire types that proto3 writes, and the two group markers that are only skipped over. */
export const wire = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

const deepestGroup = 100;

/**
 * Reads protobuf fields out of received bytes, in place: what it hands out are views. It never reads
 * beyond `end`, which a nested message moves while it is read.
 */
export class Reader {
  readonly bytes: Buffer;
  position = 0;
  end: number;
  #high = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = this.bytes.byteLength;
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  /** The next field's tag: number × 8 + wire type. */
  tag(): number {
    const tag = this.varint();
    if (tag >>> 3 === 0 || this.#high !== 0) throw new MalformedMessage('field number out of range');
    return tag;
  }

  /** The low 32 bits of a varint, unsigned. */
  varint(): number {
    const first = this.#byte();
    if (first < 0x80) {
      this.#high = 0;
      return first;
    }
    let low = first & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = this.#byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.#high = 0;
        return low >>> 0;
      }
    }
    const middle = this.#byte();
    low |= (middle & 0x7f) << 28;
    this.#high = (middle & 0x7f) >>> 4;
    if (middle >= 0x80) this.#highBits();
    return low >>> 0;
  }

  /** The high 32 bits of the varint that was read last. */
  get high(): number {
    return this.#high >>> 0;
  }

  /** A varint as int64, as near as a number comes: exact up to 2^53. */
  int64(): number {
    const low = this.varint();
    return (this.#high | 0) * 2 ** 32 + low;
  }

  /** A varint as uint64, exact. */
  uint64(): bigint {
    const low = this.varint();
    return (BigInt(this.#high >>> 0) << 32n) | BigInt(low);
  }

  boolean(): boolean {
    const low = this.varint();
    return (low | this.#high) !== 0;
  }

  double(): number {
    const at = this.advance(8);
    return this.bytes.readDoubleLE(at);
  }

  /** The bytes of a length-delimited field, as a view. */
  view(): Buffer {
    const length = this.length();
    const at = this.advance(length);
    return this.bytes.subarray(at, at + length);
  }

  /** A string field; proto3 wants it to be UTF-8. */
  string(): string {
    const length = this.length();
    const at = this.advance(length);
    const { bytes } = this;
    for (let i = at; i < at + length; i++) {
      if ((bytes[i] ?? 0) >= 0x80) return strictUtf8(bytes.subarray(at, at + length));
    }
    return bytes.toString('latin1', at, at + length);
  }

  /** A length, checked against what is left. */
  length(): number {
    const length = this.varint();
    if (this.#high !== 0 || length > this.end - this.position) throw new MalformedMessage('truncated field');
    return length;
  }

  /** Passes over `count` bytes; the result is where they begin. */
  advance(count: number): number {
    const at = this.position;
    if (count > this.end - at) throw new MalformedMessage('truncated field');
    this.position = at + count;
    return at;
  }

  /** Copies `count` bytes to `target` at `offset`; the result is the offset behind them. */
  copy(target: Buffer, offset: number, count: number): number {
    const at = this.advance(count);
    if (count > 0) this.bytes.copy(target, offset, at, at + count);
    return offset + count;
  }

  /** Narrows the reader to a nested message; the result is the outer end, to be put back afterwards. */
  enter(): number {
    const length = this.length();
    const outer = this.end;
    this.end = this.position + length;
    return outer;
  }

  /** Passes over the value of a field that nobody wants. */
  skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case wire.varint:
        this.varint();
        break;
      case wire.fixed64:
        this.advance(8);
        break;
      case wire.bytes:
        this.advance(this.length());
        break;
      case wire.fixed32:
        this.advance(4);
        break;
      case wire.startGroup:
        this.#skipGroup(tag >>> 3, depth);
        break;
      default:
        throw new MalformedMessage(`wire type ${tag & 7}`);
    }
  }

  #skipGroup(field: number, depth: number): void {
    if (depth > deepestGroup) throw new MalformedMessage('groups nested too deeply');
    for (;;) {
      const tag = this.tag();
      if ((tag & 7) === wire.endGroup) {
        if (tag >>> 3 !== field) throw new MalformedMessage('group ends with another number');
        return;
      }
      this.skip(tag, depth + 1);
    }
  }

  #highBits(): void {
    for (let shift = 3; shift < 38; shift += 7) {
      const byte = this.#byte();
      // Bits beyond the 64th are dropped, as other decoders do.
      if (shift < 32) this.#high |= (byte & 0x7f) << shift;
      if (byte < 0x80) return;
    }
    throw new MalformedMessage('varint of more than ten bytes');
  }

  #byte(): number {
    if (this.position >= this.end) throw new MalformedMessage('truncated varint');
    return this.bytes[this.position++] ?? 0;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function strictUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new MalformedMessage('string is not UTF-8');
  }
}
