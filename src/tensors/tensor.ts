import type { TensorBytes } from './chunked-bytes.js';
import type { Datatype } from './datatype.js';
import type { RegionBytes } from './region-bytes.js';
import type { Shape } from './shape.js';

/**
 * A named tensor: row-major little-endian bytes and what they mean. The bytes are a view, never owned:
 * they may start at any offset, so nobody may lay a typed array over them without copying first.
 * BYTES elements are each a 4-byte little-endian length and that many bytes.
 */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  readonly data: Uint8Array;
}

/** A tensor as it was received: a large one may lie in several pieces. */
export interface ReceivedTensor extends Omit<Tensor, 'data'> {
  readonly data: TensorBytes;
}

/** A tensor to be inferred: its bytes may still lie in the shared memory of its client. */
export interface InputTensor extends Omit<Tensor, 'data'> {
  readonly data: TensorBytes | RegionBytes;
}
