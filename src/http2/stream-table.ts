import type { Stream } from './stream.js';

const fewestBuckets = 16;

/**
 * The open streams of a connection by their ids. Not a Map: when a Map makes room it leaves behind a table
 * that still points to all that was in it and to the next table, and once such a table is old the streams of
 * every later one survive with it until the next full collection. Here the streams are chained to each other
 * and let go of when they leave.
 */
export class StreamTable {
  #buckets: (Stream | undefined)[] = emptyBuckets(fewestBuckets);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  find(id: number): Stream | undefined {
    let stream = this.#buckets[this.#bucketOf(id)];
    while (stream !== undefined && stream.id !== id) stream = stream.nextInTable;
    return stream;
  }

  add(stream: Stream): void {
    if (this.#size === this.#buckets.length) this.#resize(this.#size * 2);
    this.#link(stream);
    this.#size++;
  }

  /** Takes a stream out; false if it is not here. */
  remove(stream: Stream): boolean {
    const bucket = this.#bucketOf(stream.id);
    const first = this.#buckets[bucket];
    if (first === stream) {
      this.#buckets[bucket] = stream.nextInTable;
    } else {
      let before = first;
      while (before !== undefined && before.nextInTable !== stream) before = before.nextInTable;
      if (before === undefined) return false;
      before.nextInTable = stream.nextInTable;
    }
    stream.nextInTable = undefined;
    this.#size--;
    // A connection that was busy once keeps little.
    if (this.#size === 0 && this.#buckets.length > fewestBuckets) this.#buckets = emptyBuckets(fewestBuckets);
    return true;
  }

  /** All streams, by id: those that are here now, whatever becomes of them while they are looked at. */
  all(): Stream[] {
    const streams: Stream[] = [];
    for (const first of this.#buckets) {
      for (let stream = first; stream !== undefined; stream = stream.nextInTable) streams.push(stream);
    }
    return streams.sort((a, b) => a.id - b.id);
  }

  #resize(bucketCount: number): void {
    const streams = this.all();
    this.#buckets = emptyBuckets(bucketCount);
    for (const stream of streams) this.#link(stream);
  }

  #link(stream: Stream): void {
    const bucket = this.#bucketOf(stream.id);
    stream.nextInTable = this.#buckets[bucket];
    this.#buckets[bucket] = stream;
  }

  /** A client's ids are odd and mostly follow each other. */
  #bucketOf(id: number): number {
    return (id >>> 1) & (this.#buckets.length - 1);
  }
}

function emptyBuckets(count: number): (Stream | undefined)[] {
  return Array.from({ length: count }, () => undefined);
}
