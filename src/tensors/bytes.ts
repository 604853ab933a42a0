/**
 * The raw form of a BYTES tensor: for each element a 4-byte little-endian length, then its bytes.
 */

export const lengthPrefixBytes = 4;

/** What a walk over a BYTES tensor found. `cut` is an element or prefix that runs past the end. */
export type BytesWalk =
  | { readonly kind: 'whole'; readonly count: number }
  | { readonly kind: 'surplus'; readonly count: number }
  | { readonly kind: 'cut-prefix'; readonly count: number; readonly left: number }
  | { readonly kind: 'cut-element'; readonly count: number; readonly length: number; readonly left: number };

/**
 * Walks the elements without touching their content and stops at the first surplus or broken one.
 * `count` is the number of elements seen, a surplus one included.
 */
export function walkBytes(data: Uint8Array, expected: number): BytesWalk {
  const end = data.byteLength;
  let offset = 0;
  let count = 0;
  while (offset < end) {
    const left = end - offset;
    if (left < lengthPrefixBytes) return { kind: 'cut-prefix', count, left };
    if (count === expected) return { kind: 'surplus', count: count + 1 };
    const length = readLength(data, offset);
    offset += lengthPrefixBytes + length;
    count++;
    if (offset > end) return { kind: 'cut-element', count, length, left: left - lengthPrefixBytes };
  }
  return { kind: 'whole', count };
}

/** Calls `visit` with the bounds of each element; the tensor must be whole. */
export function forEachElement(data: Uint8Array, visit: (start: number, end: number) => void): void {
  let offset = 0;
  while (offset < data.byteLength) {
    const start = offset + lengthPrefixBytes;
    offset = start + readLength(data, offset);
    visit(start, offset);
  }
}

/** Where the first `count` elements of a whole tensor end. */
export function elementsEnd(data: Uint8Array, count: number): number {
  let offset = 0;
  for (let i = 0; i < count; i++) offset += lengthPrefixBytes + readLength(data, offset);
  return offset;
}

/** The raw form of the given elements. */
export function joinBytes(elements: readonly Uint8Array[]): Uint8Array {
  let size = elements.length * lengthPrefixBytes;
  for (const element of elements) size += element.byteLength;
  const raw = new Uint8Array(size);
  let offset = 0;
  for (const element of elements) {
    writeLength(raw, offset, element.byteLength);
    raw.set(element, offset + lengthPrefixBytes);
    offset += lengthPrefixBytes + element.byteLength;
  }
  return raw;
}

/** The length of the element whose prefix is at `at`. */
export function readLength(data: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [data[at], data[at + 1], data[at + 2], data[at + 3]];
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}

/** Writes the length of an element, which stands before it. */
export function writeLength(data: Uint8Array, at: number, length: number): void {
  data[at] = length;
  data[at + 1] = length >>> 8;
  data[at + 2] = length >>> 16;
  data[at + 3] = length >>> 24;
}
