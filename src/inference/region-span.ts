/** A part of a region of the client's shared memory, as a request names it; nothing of it was checked yet. */
export interface RegionSpan {
  readonly region: string;
  /** From the beginning of what was registered. */
  readonly offset: bigint;
  readonly byteSize: bigint;
}
