const firstBytes = 1024;

/** Bytes that came in parts, joined in memory that grows with them. */
export class GatheredBytes {
  /** The first `byteLength` bytes are those that were gathered. */
  bytes: Buffer = noBytes;
  byteLength = 0;

  append(from: Buffer, start: number, end: number): void {
    const wanted = this.byteLength + end - start;
    if (wanted > this.bytes.byteLength) {
      const larger = Buffer.allocUnsafeSlow(Math.max(wanted, 2 * this.bytes.byteLength, firstBytes));
      this.bytes.copy(larger, 0, 0, this.byteLength);
      this.bytes = larger;
    }
    from.copy(this.bytes, this.byteLength, start, end);
    this.byteLength = wanted;
  }

  /** Forgets them and their memory. */
  clear(): void {
    this.bytes = noBytes;
    this.byteLength = 0;
  }
}

const noBytes = Buffer.alloc(0);
