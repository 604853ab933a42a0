import type { Entry } from './entry.js';

/**
 * A first-in, first-out queue of entries that can also lose one from its middle, when its caller gives
 * up. Every operation takes constant time. Invariant: an entry is in at most one queue.
 */
export class BatchQueue {
  #first: Entry | undefined;
  #last: Entry | undefined;
  #size = 0;
  #rows = 0;

  get size(): number {
    return this.#size;
  }

  /** Samples of all entries. */
  get rows(): number {
    return this.#rows;
  }

  get first(): Entry | undefined {
    return this.#first;
  }

  push(entry: Entry): void {
    if (entry.queue !== undefined) throw new Error('The entry is in a queue already. This is a bug.');
    entry.queue = this;
    entry.previous = this.#last;
    if (this.#last === undefined) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
    this.#size++;
    this.#rows += entry.rows;
  }

  shift(): Entry | undefined {
    const entry = this.#first;
    if (entry !== undefined) this.remove(entry);
    return entry;
  }

  /** Takes an entry out, wherever it stands; false if it is not in this queue. */
  remove(entry: Entry): boolean {
    if (entry.queue !== this) return false;
    if (entry.previous === undefined) this.#first = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === undefined) this.#last = entry.previous;
    else entry.next.previous = entry.previous;
    entry.next = undefined;
    entry.previous = undefined;
    entry.queue = undefined;
    this.#size--;
    this.#rows -= entry.rows;
    return true;
  }
}
