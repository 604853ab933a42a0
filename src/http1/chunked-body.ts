import type { BodySink } from './body-sink.js';
import { Malformed } from './request-head.js';

type Place =
  | 'size-begin'
  | 'size'
  | 'extension'
  | 'size-end'
  | 'data'
  | 'data-return'
  | 'data-end'
  | 'trailer-begin'
  | 'trailer'
  | 'trailer-end'
  | 'last-end'
  | 'over';

/** What all extensions of a body, and all its trailers, may have. Nobody reads either of them. */
const passedOverBytesMax = 16 * 1024;

/** So many digits are as large as any body may be. */
const sizeDigitsMax = 12;

const [lineFeed, carriageReturn, semicolon, tab, blank, del] = [10, 13, 59, 9, 32, 127];

/** RFC 9112 §7.1: takes the chunks of a body apart, however their bytes are split. Sizes are digits and nothing else. */
export class ChunkedBody {
  #place: Place = 'size-begin';
  #size = 0;
  #digitCount = 0;
  #extensionBytes = 0;
  #trailerBytes = 0;

  get over(): boolean {
    return this.#place === 'over';
  }

  /** Hands on the data between `at` and `end`; the result is where the body ends, or `end`. Throws what is malformed. */
  read(bytes: Buffer, { at: from, end }: { at: number; end: number }, sink: BodySink): number {
    let at = from;
    while (at < end && this.#place !== 'over') {
      if (this.#place !== 'data') {
        this.#step(bytes[at] ?? 0);
        at++;
        continue;
      }
      const stop = Math.min(end, at + this.#size);
      this.#size -= stop - at;
      if (this.#size === 0) this.#place = 'data-return';
      sink.onBytes(bytes, at, stop);
      at = stop;
    }
    return at;
  }

  #step(byte: number): void {
    switch (this.#place) {
      case 'size-begin':
      case 'size':
        return this.#stepSize(byte);
      case 'extension':
        if (byte === carriageReturn) this.#place = 'size-end';
        else this.#passOver(byte, ++this.#extensionBytes, 'Chunk extensions overflow');
        return;
      case 'size-end':
        expect(byte, lineFeed, 'Expected LF after chunk size');
        this.#place = this.#size === 0 ? 'trailer-begin' : 'data';
        return;
      case 'data-return':
        expect(byte, carriageReturn, 'Expected CR after chunk data');
        this.#place = 'data-end';
        return;
      case 'data-end':
        expect(byte, lineFeed, 'Expected LF after chunk data');
        this.#place = 'size-begin';
        this.#digitCount = 0;
        return;
      default:
        this.#stepTrailer(byte);
    }
  }

  #stepSize(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (++this.#digitCount > sizeDigitsMax) throw malformed('Chunk size overflow');
      this.#size = this.#size * 16 + digit;
      this.#place = 'size';
    } else if (this.#place === 'size' && byte === carriageReturn) {
      this.#place = 'size-end';
    } else if (this.#place === 'size' && byte === semicolon) {
      this.#place = 'extension';
    } else {
      throw malformed('Invalid character in chunk size');
    }
  }

  #stepTrailer(byte: number): void {
    switch (this.#place) {
      case 'trailer-begin':
        if (byte === carriageReturn) this.#place = 'last-end';
        else if (byte === blank || byte === tab) throw malformed('Invalid header token');
        else this.#passTrailer(byte);
        return;
      case 'trailer':
        if (byte === carriageReturn) this.#place = 'trailer-end';
        else this.#passTrailer(byte);
        return;
      case 'trailer-end':
        expect(byte, lineFeed, 'Missing expected LF after header value');
        this.#place = 'trailer-begin';
        return;
      default:
        expect(byte, lineFeed, 'Expected LF after chunked body');
        this.#place = 'over';
    }
  }

  #passTrailer(byte: number): void {
    this.#place = 'trailer';
    this.#passOver(byte, ++this.#trailerBytes, 'Header overflow');
  }

  #passOver(byte: number, count: number, what: string): void {
    if ((byte < blank && byte !== tab) || byte === del) throw malformed('Invalid character in chunked body');
    if (count > passedOverBytesMax) throw new Malformed(413, `Parse Error: ${what}`);
  }
}

function expect(byte: number, expected: number, what: string): void {
  if (byte !== expected) throw malformed(what);
}

function malformed(what: string): Malformed {
  return new Malformed(400, `Parse Error: ${what}`);
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
