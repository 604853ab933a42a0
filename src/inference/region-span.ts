/** Where a tensor lies in a client's shared memory, as its parameters say; the numbers as they came, unchecked. */
export interface RegionSpan {
  readonly region: string;
  readonly offset: bigint;
  readonly byteSize: bigint;
}
