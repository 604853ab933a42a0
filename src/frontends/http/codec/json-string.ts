import { byte, syntaxError, syntaxText } from './json-syntax.js';

/** What a letter behind a backslash stands for; `\u` is read apart. */
const escapes: Readonly<Record<number, number>> = {
  0x22: 0x22,
  0x2f: 0x2f,
  0x5c: 0x5c,
  0x62: 0x08,
  0x66: 0x0c,
  0x6e: 0x0a,
  0x72: 0x0d,
  0x74: 0x09,
};

/** Reads the string whose opening quote is at `start`. */
export function readString(
  bytes: Uint8Array,
  start: number,
): { readonly text: string; readonly end: number } {
  const end = plainEnd(bytes, start + 1);
  if (bytes[end] === byte.quote) return { text: utf8(bytes, start + 1, end), end: end + 1 };
  const last = skipString(bytes, start);
  // Escaped text is never shorter than what it stands for.
  const target = new Uint8Array(last - start);
  return { text: utf8(target, 0, decodeString(bytes, start, { target, at: 0 }).at), end: last };
}

function utf8(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString();
}

/** Where the string ends whose opening quote is at `start`, all of it checked. */
export function skipString(bytes: Uint8Array, start: number): number {
  return decodeString(bytes, start, undefined).end;
}

/** Where the content of a string goes; there must be room for as many bytes as the string has in JSON. */
export interface StringTarget {
  readonly target: Uint8Array;
  readonly at: number;
}

/** Writes what a string stands for; the result is where it ends, in JSON and in the target. */
export function decodeString(
  bytes: Uint8Array,
  start: number,
  into: StringTarget | undefined,
): { readonly end: number; readonly at: number } {
  let from = start + 1;
  let at = into?.at ?? 0;
  for (;;) {
    const to = plainEnd(bytes, from);
    if (into !== undefined) copyPlain(bytes, { from, to }, { target: into.target, at });
    at += to - from;
    const code = bytes[to];
    if (code === byte.quote) return { end: to + 1, at };
    if (code === byte.backslash) {
      const point = readEscape(bytes, to);
      at += into === undefined ? utf8Bytes(point) : writeUtf8(into.target, at, point);
      from = to + escapeBytes(bytes, to, point);
    } else {
      throw syntaxError(code === undefined || code === 0 ? syntaxText.quote : syntaxText.encoding, to);
    }
  }
}

/** The first byte from `at` on that ends plain text: a quote, a backslash or a control character. */
function plainEnd(bytes: Uint8Array, at: number): number {
  let end = at;
  for (;;) {
    const code = bytes[end] ?? 0;
    if (code < 0x20 || code === byte.quote || code === byte.backslash) return end;
    end++;
  }
}

/** So many bytes are copied faster one by one than by a call. */
const fewBytes = 32;

function copyPlain(
  bytes: Uint8Array,
  { from, to }: { from: number; to: number },
  { target, at }: StringTarget,
): void {
  if (to - from > fewBytes) return target.set(bytes.subarray(from, to), at);
  for (let i = from, j = at; i < to; i++, j++) target[j] = bytes[i] ?? 0;
}

/** The code point of the escape whose backslash is at `at`. */
export function readEscape(bytes: Uint8Array, at: number): number {
  const letter = bytes[at + 1] ?? 0;
  if (letter !== byte.lowerU) {
    const plain = escapes[letter];
    if (plain === undefined) throw syntaxError(syntaxText.escape, at);
    return plain;
  }
  const first = readHex(bytes, at + 2, at);
  if (first < 0xd800 || first > 0xdfff) return first;
  const paired = first < 0xdc00 && bytes[at + 6] === byte.backslash && bytes[at + 7] === byte.lowerU;
  const second = paired ? readHex(bytes, at + 8, at) : 0;
  if (second < 0xdc00 || second > 0xdfff) throw syntaxError(syntaxText.surrogate, at);
  return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
}

/** How long that escape is. */
export function escapeBytes(bytes: Uint8Array, at: number, point: number): number {
  if (bytes[at + 1] !== byte.lowerU) return 2;
  return point > 0xffff ? 12 : 6;
}

function readHex(bytes: Uint8Array, from: number, escapeAt: number): number {
  let value = 0;
  for (let at = from; at < from + 4; at++) {
    const digit = Number.parseInt(String.fromCharCode(bytes[at] ?? 0), 16);
    if (Number.isNaN(digit)) throw syntaxError(syntaxText.hex, escapeAt);
    value = value * 16 + digit;
  }
  return value;
}

function utf8Bytes(point: number): number {
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point < 0x10000 ? 3 : 4;
}

/** Writes a code point; the result is how many bytes it takes. */
export function writeUtf8(target: Uint8Array, at: number, point: number): number {
  const count = utf8Bytes(point);
  if (count === 1) {
    target[at] = point;
    return 1;
  }
  target[at] = ((0xf00 >> count) & 0xff) | (point >> (6 * (count - 1)));
  for (let i = 1; i < count; i++) target[at + i] = 0x80 | ((point >> (6 * (count - 1 - i))) & 0x3f);
  return count;
}
