// Integers with a prefix (RFC 7541 5.1), written; block-reader.ts reads them.

/** The pattern of a representation's first byte, and the bits that the integer's prefix has in it. */
export interface Prefix {
  readonly pattern: number;
  readonly mask: number;
}

/** The most bytes that an integer below 2^31 takes. */
export const integerBytesMax = 6;

/** Writes a value; the result is the position behind it. */
export function writeInteger(target: Buffer, at: number, prefix: Prefix, value: number): number {
  if (value < prefix.mask) {
    target[at] = prefix.pattern | value;
    return at + 1;
  }
  target[at++] = prefix.pattern | prefix.mask;
  let rest = value - prefix.mask;
  for (; rest >= 0x80; rest >>>= 7) target[at++] = (rest & 0x7f) | 0x80;
  target[at] = rest;
  return at + 1;
}
