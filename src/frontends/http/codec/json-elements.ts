import { lengthPrefixBytes, writeLength } from '../../../tensors/bytes.js';
import { elementBytes, type Datatype } from '../../../tensors/datatype.js';
import type { NumberReader } from './json-number.js';
import { decodeString } from './json-string.js';
import { byte, startsWith } from './json-syntax.js';
import type { Wanted } from './json-value.js';

/** Elements of one tensor as they are read from JSON straight into its bytes. */
export interface Elements {
  /** What every element must be. */
  readonly wanted: Wanted;
  /** How many elements it takes. */
  readonly most: number;
  readonly count: number;
  /** The raw form of what was read. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Reads the element at `at`; the result is where it ends, or one of the two below. */
  read(bytes: Uint8Array, at: number): number;
}

/** An element is of another kind than its tensor's. */
export const wrongKind = -1;
/** A whole number is more or less than its datatype holds. */
export const outOfRange = -2;

/** What the elements may come to. */
export interface Room {
  readonly datatype: Datatype;
  readonly count: number;
  /** Bytes of the JSON that they are read from. */
  readonly jsonBytes: number;
}

/** Elements of a datatype that JSON can carry. */
export function elementsOf(room: Room, number: NumberReader): Elements {
  const { datatype, count, jsonBytes } = room;
  // An element takes a character and what parts it from the next one; for more there is no memory to be had.
  const most = Math.min(count, Math.floor(jsonBytes / 2) + 1);
  switch (datatype) {
    case 'BOOL':
      return new Booleans(most);
    case 'BYTES':
      return new Strings(jsonBytes);
    case 'FP32':
    case 'FP64':
      return new Floats(most, number, datatype);
    default:
      return new Integers(most, number, datatype);
  }
}

class Booleans implements Elements {
  readonly wanted = 'boolean';
  readonly most: number;
  readonly data: Uint8Array<ArrayBuffer>;
  count = 0;

  constructor(most: number) {
    this.most = most;
    this.data = new Uint8Array(most);
  }

  read(bytes: Uint8Array, at: number): number {
    const value = bytes[at] === byte.lowerT;
    if (!startsWith(bytes, at, value ? 'true' : 'false')) return wrongKind;
    this.data[this.count++] = Number(value);
    return at + (value ? 4 : 5);
  }
}

class Floats implements Elements {
  readonly wanted = 'double';
  readonly most: number;
  readonly data: Uint8Array<ArrayBuffer>;
  count = 0;
  readonly #values: Float32Array | Float64Array;
  readonly #number: NumberReader;
  readonly #wide: boolean;

  constructor(most: number, number: NumberReader, datatype: 'FP32' | 'FP64') {
    this.most = most;
    this.#number = number;
    this.#wide = datatype === 'FP64';
    this.#values = this.#wide ? new Float64Array(most) : new Float32Array(most);
    this.data = new Uint8Array(this.#values.buffer as ArrayBuffer);
  }

  read(bytes: Uint8Array, at: number): number {
    const number = this.#number;
    if (!number.read(bytes, at)) return wrongKind;
    this.#values[this.count++] = this.#wide ? number.double(bytes) : number.float(bytes);
    return number.end;
  }
}

/** Integers of 8 to 64 bits. */
class Integers implements Elements {
  readonly wanted: 'signed' | 'unsigned';
  readonly most: number;
  readonly data: Uint8Array<ArrayBuffer>;
  count = 0;
  readonly #number: NumberReader;
  readonly #width: number;
  readonly #view: DataView;
  #low = 0;
  #high = 0;

  constructor(most: number, number: NumberReader, datatype: Datatype) {
    this.wanted = datatype.startsWith('U') ? 'unsigned' : 'signed';
    this.most = most;
    this.#number = number;
    this.#width = elementBytes[datatype];
    this.data = new Uint8Array(most * this.#width);
    this.#view = new DataView(this.data.buffer);
  }

  read(bytes: Uint8Array, at: number): number {
    const number = this.#number;
    if (!number.read(bytes, at) || !number.whole || !this.#split(bytes, at)) return wrongKind;
    if (!this.#fits()) return outOfRange;
    const offset = this.count++ * this.#width;
    switch (this.#width) {
      case 1:
        this.data[offset] = this.#low;
        break;
      case 2:
        this.#view.setUint16(offset, this.#low & 0xffff, true);
        break;
      case 4:
        this.#view.setUint32(offset, this.#low, true);
        break;
      default:
        this.#view.setUint32(offset, this.#low, true);
        this.#view.setUint32(offset + 4, this.#high, true);
    }
    return number.end;
  }

  /** Whether what was split is no more than the width holds: the bits above it repeat its sign. */
  #fits(): boolean {
    if (this.#width === 8) return true;
    const spare = 32 - this.#width * 8;
    if (this.wanted === 'unsigned') return this.#high === 0 && (this.#low << spare) >>> spare === this.#low;
    const low = this.#low | 0;
    return (this.#high | 0) === low >> 31 && (low << spare) >> spare === low;
  }

  /** The two's complement of what was read, in two halves; false when 64 bits do not hold it. */
  #split(bytes: Uint8Array, at: number): boolean {
    const { negative, wholeValue, end } = this.#number;
    if (wholeValue <= Number.MAX_SAFE_INTEGER) {
      this.#low = wholeValue >>> 0;
      this.#high = Math.floor(wholeValue / 2 ** 32);
    } else if (!this.#splitLong(bytes, at + Number(negative), end)) {
      return false;
    }
    if (!negative) return this.wanted === 'unsigned' || this.#high < 2 ** 31;
    if (this.wanted === 'unsigned') return this.#high === 0 && this.#low === 0;
    if (this.#high > 2 ** 31 || (this.#high === 2 ** 31 && this.#low > 0)) return false;
    this.#high = (~this.#high + Number(this.#low === 0)) >>> 0;
    this.#low = -this.#low >>> 0;
    return true;
  }

  /** The halves of 16 to 20 digits: the last nine and those before them, so that every step is exact. */
  #splitLong(bytes: Uint8Array, from: number, to: number): boolean {
    if (to - from > 20) return false;
    let [front, back] = [0, 0];
    for (let at = from; at < to - 9; at++) front = front * 10 + (bytes[at] ?? 0) - byte.zero;
    for (let at = to - 9; at < to; at++) back = back * 10 + (bytes[at] ?? 0) - byte.zero;
    // front * 10^9 + back = upper * 2^20 + lower
    const upper = Math.floor(front / 2 ** 20) * 1e9;
    const lower = (front % 2 ** 20) * 1e9 + back;
    const low = (upper % 2 ** 12) * 2 ** 20 + lower;
    this.#low = low % 2 ** 32;
    this.#high = Math.floor(upper / 2 ** 12) + Math.floor(low / 2 ** 32);
    return this.#high < 2 ** 32;
  }
}

/** Strings, each behind its length. How many there should be is told by their tensor's check. */
class Strings implements Elements {
  readonly wanted = 'string';
  readonly most = Infinity;
  count = 0;
  #raw: Uint8Array<ArrayBuffer>;
  #size = 0;

  constructor(jsonBytes: number) {
    this.#raw = new Uint8Array(Math.min(jsonBytes, firstStringBytes));
  }

  get data(): Uint8Array<ArrayBuffer> {
    return this.#raw.subarray(0, this.#size);
  }

  read(bytes: Uint8Array, at: number): number {
    if (bytes[at] !== byte.quote) return wrongKind;
    const { end, at: size } = decodeString(bytes, at, undefined);
    const start = this.#size + lengthPrefixBytes;
    this.#grow(start + size);
    writeLength(this.#raw, this.#size, size);
    decodeString(bytes, at, { target: this.#raw, at: start });
    this.#size = start + size;
    this.count++;
    return end;
  }

  #grow(size: number): void {
    if (size <= this.#raw.byteLength) return;
    const larger = new Uint8Array(Math.max(size, this.#raw.byteLength * 2));
    larger.set(this.#raw);
    this.#raw = larger;
  }
}

const firstStringBytes = 4096;
