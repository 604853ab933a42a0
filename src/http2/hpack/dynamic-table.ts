// The dynamic table (RFC 7541 2.3.2, 4): a ring, newest entry first.
import type { Field } from './field.js';

/** What both sides start with (RFC 9113 6.5.2). */
export const initialTableBytes = 4096;

const firstSlotCount = 8;

/** A connection's dynamic table in one direction; an entry is found and inserted in constant time. */
export class DynamicTable {
  /** As many as a power of two; it grows with the entries, at most one for every 32 bytes of the table. */
  #slots: (Field | undefined)[] = [];
  #newest = 0;
  #count = 0;
  #bytes = 0;
  #maxBytes = initialTableBytes;

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** The entry that `age` others are newer than. */
  at(age: number): Field | undefined {
    return age < this.#count ? this.#slots[(this.#newest + age) & (this.#slots.length - 1)] : undefined;
  }

  /** The age of this very object, -1 where it is not in the table. */
  ageOf(field: Field): number {
    const mask = this.#slots.length - 1;
    for (let age = 0; age < this.#count; age++) {
      if (this.#slots[(this.#newest + age) & mask] === field) return age;
    }
    return -1;
  }

  /** Inserts a field; one that is larger than the table leaves the table empty (RFC 7541 4.4). */
  insert(field: Field): void {
    const size = field.size;
    this.#evict(this.#maxBytes - size);
    if (size > this.#maxBytes) return;
    if (this.#count === this.#slots.length) this.#grow();
    this.#newest = (this.#newest - 1) & (this.#slots.length - 1);
    this.#slots[this.#newest] = field;
    this.#count++;
    this.#bytes += size;
  }

  /** Sets the size (RFC 7541 4.3). */
  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evict(maxBytes);
  }

  clear(): void {
    this.#evict(0);
  }

  #evict(leftBytes: number): void {
    const mask = this.#slots.length - 1;
    while (this.#bytes > leftBytes && this.#count > 0) {
      this.#count--;
      const slot = (this.#newest + this.#count) & mask;
      this.#bytes -= this.#slots[slot]?.size ?? 0;
      this.#slots[slot] = undefined;
    }
  }

  #grow(): void {
    const old = this.#slots;
    const slots: (Field | undefined)[] = [];
    for (let age = 0; age < this.#count; age++) slots.push(this.at(age));
    const slotCount = Math.max(firstSlotCount, old.length * 2);
    while (slots.length < slotCount) slots.push(undefined);
    this.#slots = slots;
    this.#newest = 0;
  }
}
