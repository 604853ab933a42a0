import type { RegionBytes, RegionPlace } from '../tensors/region-bytes.js';
import type { RegionSpan } from './region-span.js';

/**
 * The shared memory of one request. What it names stays as it is until `release`, which is called once, when nothing
 * of it is read or written any more; whoever makes a request releases it if the server never gets it.
 */
export interface RegionUse {
  /** Where outputs go that do not travel in the answer, by name: each place is a capacity. */
  readonly outputs: ReadonlyMap<string, RegionPlace>;
  /** The bytes of an input; throws with Triton's texts when there is no such region, or not there. */
  input(span: RegionSpan): RegionBytes;
  /** Has an output written there; throws as `input` does. */
  output(name: string, span: RegionSpan): void;
  release(): void;
}

/** Where the regions of a request come from. */
export interface RegionSource {
  use(): RegionUse;
}
