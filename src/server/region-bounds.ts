import { invalidArgument } from '../inference/error.js';
import type { RegionSpan } from '../inference/region-span.js';

const largest = 18446744073709551615n;

/** Where a span begins and how long it is, counted in its region. */
export interface Bounds {
  readonly offset: number;
  readonly byteLength: number;
}

/**
 * Holds a span against the size of its region, in Triton's order and with its texts: a negative number is a huge one,
 * as it is there. What comes out lies inside of the region.
 */
export function checkBounds(span: RegionSpan, regionSize: bigint): Bounds {
  const { region } = span;
  const offset = BigInt.asUintN(64, span.offset);
  const byteSize = BigInt.asUintN(64, span.byteSize);
  if (offset >= regionSize) throw invalidArgument(`Invalid offset for shared memory region: '${region}'`);
  if (byteSize > largest - offset) {
    throw invalidArgument(
      `Integer overflow detected: byte_size (${byteSize}) + offset (${offset}) exceeds maximum value (${largest}) for region '${region}'`,
    );
  }
  if (offset + byteSize > regionSize) {
    throw invalidArgument(`Invalid offset + byte size for shared memory region: '${region}'`);
  }
  return { offset: Number(offset), byteLength: Number(byteSize) };
}
