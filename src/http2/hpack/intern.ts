// Strings known from the bytes that stand for them in a block, Huffman-coded or not (RFC 7541 5.2).
import type { BlockReader } from './block-reader.js';
import { Field } from './field.js';

const slotCount = 256;
const rawBytesMax = 64;
const huffmanFlag = 0x80;
const nobody = new Field('', '');

/**
 * Short strings and literal fields met lately, so that one that is repeated costs a hash and a comparison
 * and all who send it share one Field. One table serves all connections of a server; a string has one slot
 * that it may lie in, and the newest keeps it.
 */
export class InternTable {
  /** Raw bytes of slot n from n * rawBytesMax on. */
  readonly #raw = Buffer.alloc(slotCount * rawBytesMax);
  /** Their number, with huffmanFlag where they are so coded; 0 in a free slot. */
  readonly #lengths = new Uint8Array(slotCount);
  /** The last field with this value; its name is empty where the string was only a name yet. */
  readonly #fields: Field[] = Array.from({ length: slotCount }, () => nobody);

  /** Text of the string literal that `block` has found last; undefined where that is broken. */
  text(block: BlockReader): string | undefined {
    const slot = this.#slotOf(block);
    return slot < 0 ? undefined : this.#fieldAt(slot).value;
  }

  /** The field with this name and, as value, the string literal that `block` has found last. */
  field(name: string, block: BlockReader): Field | undefined {
    const slot = this.#slotOf(block);
    if (slot < 0) return undefined;
    const known = this.#fieldAt(slot);
    return known.name === name ? known : (this.#fields[slot] = new Field(name, known.value));
  }

  #fieldAt(slot: number): Field {
    return this.#fields[slot] as Field;
  }

  /** The slot that holds the string, put there if need be; -1 where it is broken. */
  #slotOf(block: BlockReader): number {
    const { bytes, textStart, textEnd } = block;
    const length = (textEnd - textStart) | (block.huffman ? huffmanFlag : 0);
    let hash = length;
    for (let at = textStart; at < textEnd; at++)
      hash = Math.imul(hash ^ (bytes[at] as number), 0x01_00_01_93);
    const slot = (hash ^ (hash >>> 16)) & (slotCount - 1);
    if (this.#lengths[slot] === length && this.#holds(slot, block)) return slot;
    const text = block.text(Infinity);
    if (text === undefined) return -1;
    this.#lengths[slot] = length;
    this.#fields[slot] = new Field('', text);
    const raw = this.#raw;
    for (let at = textStart, to = slot * rawBytesMax; at < textEnd; at++, to++) raw[to] = bytes[at] as number;
    return slot;
  }

  #holds(slot: number, block: BlockReader): boolean {
    const { bytes, textStart, textEnd } = block;
    const shift = slot * rawBytesMax - textStart;
    for (let at = textStart; at < textEnd; at++) {
      if (bytes[at] !== this.#raw[at + shift]) return false;
    }
    return true;
  }
}

/** Whether the string literal that `block` has found last is short enough for the table. */
export function canIntern(block: BlockReader): boolean {
  return block.textEnd - block.textStart <= rawBytesMax;
}
