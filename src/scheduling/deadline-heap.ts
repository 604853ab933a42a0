import type { Entry } from './entry.js';

/**
 * Entries by their deadlines, the nearest on top and of equal ones the first that came: a binary heap in
 * which each entry knows its place, so that one that leaves its queue is taken out without a search.
 */
export class DeadlineHeap {
  readonly #entries: Entry[] = [];
  #turns = 0;

  /** The nearest deadline; Infinity when there is none. */
  get nearestUs(): number {
    return this.#entries[0]?.deadlineUs ?? Infinity;
  }

  push(entry: Entry): void {
    entry.heapAt = this.#entries.length;
    entry.heapTurn = this.#turns++;
    this.#entries.push(entry);
    this.#rise(entry);
  }

  /** Takes out the entry with the nearest deadline if that is over. */
  takeExpired(nowUs: number): Entry | undefined {
    const nearest = this.#entries[0];
    if (nearest === undefined || nearest.deadlineUs > nowUs) return undefined;
    this.remove(nearest);
    return nearest;
  }

  /** Takes an entry out; nothing happens if it is not here. */
  remove(entry: Entry): void {
    const at = entry.heapAt;
    if (at < 0) return;
    entry.heapAt = -1;
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    this.#put(last, at);
    this.#rise(last);
    this.#sink(last);
  }

  #put(entry: Entry, at: number): void {
    this.#entries[at] = entry;
    entry.heapAt = at;
  }

  #rise(entry: Entry): void {
    while (entry.heapAt > 0) {
      const at = entry.heapAt;
      const above = (at - 1) >> 1;
      const parent = this.#entries[above];
      if (parent === undefined || isBefore(parent, entry)) return;
      this.#put(parent, at);
      this.#put(entry, above);
    }
  }

  #sink(entry: Entry): void {
    for (;;) {
      const at = entry.heapAt;
      const child = this.#nearer(2 * at + 1, 2 * at + 2);
      if (child === undefined || isBefore(entry, child)) return;
      const below = child.heapAt;
      this.#put(child, at);
      this.#put(entry, below);
    }
  }

  #nearer(left: number, right: number): Entry | undefined {
    const [a, b] = [this.#entries[left], this.#entries[right]];
    return a === undefined || (b !== undefined && isBefore(b, a)) ? b : a;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.deadlineUs === b.deadlineUs ? a.heapTurn < b.heapTurn : a.deadlineUs < b.deadlineUs;
}
