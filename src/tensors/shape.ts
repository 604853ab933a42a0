import { formatInt64 } from './int64.js';

/** Dimensions in row-major order; -1 in a model's shape means "any size". */
export type Shape = readonly number[];

/** A shape as Triton prints it in messages: `[2,16]`, `[]` for a scalar. */
export function formatShape(shape: Shape): string {
  return `[${shape.map(formatInt64).join(',')}]`;
}

/** The product of the dimensions: exact up to 2^53, beyond it only comparable, 0 whenever one of them is 0. */
export function elementCount(shape: Shape): number {
  let count = 1;
  for (const dim of shape) {
    // Not by multiplying: the others' product may be infinite.
    if (dim === 0) return 0;
    count *= dim;
  }
  return count;
}

/** Whether two shapes are the same behind their first `skipped` dimensions. */
export function sameShape(a: Shape, b: Shape, skipped = 0): boolean {
  if (a.length !== b.length) return false;
  for (let i = skipped; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether every dimension behind the first `skipped` equals the wanted one, where a wanted -1 takes any size. */
export function shapeFits(shape: Shape, wanted: Shape, skipped = 0): boolean {
  if (shape.length !== wanted.length + skipped) return false;
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] !== -1 && wanted[i] !== shape[i + skipped]) return false;
  }
  return true;
}

/**
 * A concrete shape that fits pattern `from`, laid out as pattern `to`: fixed dimensions come from `to`,
 * its -1s take the sizes that the -1s of `from` stand for, in order.
 */
export function reshape(shape: Shape, from: Shape, to: Shape): Shape {
  const sizes = shape.filter((_, i) => from[i] === -1);
  let next = 0;
  return to.map((dim) => (dim === -1 ? (sizes[next++] ?? 1) : dim));
}
