// Encoding of header blocks (RFC 7541 6), without Huffman code: a field worth coding is sent once.
import { DynamicTable, initialTableBytes } from './dynamic-table.js';
import { Field, indexing } from './field.js';
import { integerBytesMax, writeInteger, type Prefix } from './integer.js';
import { firstDynamicIndex, staticIndex, staticNameIndex } from './static-table.js';

const indexed: Prefix = { pattern: 0x80, mask: 0x7f };
const literalIndexed: Prefix = { pattern: 0x40, mask: 0x3f };
const literal: Prefix = { pattern: 0x00, mask: 0x0f };
const sizeUpdate: Prefix = { pattern: 0x20, mask: 0x1f };
const plainText: Prefix = { pattern: 0x00, mask: 0x7f };

/** Text up to this length is written faster octet by octet than by a call out of JavaScript. */
const shortText = 24;

/** A field that will be sent again and again: the encoder indexes exactly these, by identity. */
export function repeated(name: string, value: string): Field {
  return new Field(name, value, staticIndex(name, value) || indexing.repeats);
}

/** The room that a block of these fields takes at most. */
export function blockBytesMax(fields: readonly Field[]): number {
  // A field's own overhead, a byte and two lengths, is below the 32 bytes that its size includes.
  let bytes = 2 * integerBytesMax;
  for (const field of fields) bytes += field.size;
  return bytes;
}

/** The sending side of a connection's header compression. */
export class HpackEncoder {
  readonly #table = new DynamicTable();
  /** The smallest size that the table had since the last block, where the peer is to be told; else -1. */
  #untoldBytes = -1;

  /** The peer's SETTINGS_HEADER_TABLE_SIZE, of which at most 4096 are used. */
  setTableBytes(bytes: number): void {
    const size = Math.min(bytes, initialTableBytes);
    if (size === this.#table.maxBytes) return;
    this.#table.resize(size);
    this.#untoldBytes = this.#untoldBytes < 0 ? size : Math.min(size, this.#untoldBytes);
  }

  /** Writes a block into target, which has room for blockBytesMax(fields); the result is the position behind it. */
  encode(fields: readonly Field[], target: Buffer, at: number): number {
    if (this.#untoldBytes >= 0) at = this.#writeSizeUpdates(target, at);
    for (const field of fields) at = this.#write(field, target, at);
    return at;
  }

  /** The smallest size and the last one (RFC 7541 4.2). */
  #writeSizeUpdates(target: Buffer, at: number): number {
    const { maxBytes } = this.#table;
    if (this.#untoldBytes < maxBytes) at = writeInteger(target, at, sizeUpdate, this.#untoldBytes);
    this.#untoldBytes = -1;
    return writeInteger(target, at, sizeUpdate, maxBytes);
  }

  #write(field: Field, target: Buffer, at: number): number {
    if (field.indexing > 0) return writeInteger(target, at, indexed, field.indexing);
    if (field.indexing === indexing.repeats) {
      const age = this.#table.ageOf(field);
      if (age >= 0) return writeInteger(target, at, indexed, firstDynamicIndex + age);
      if (field.size <= this.#table.maxBytes) {
        this.#table.insert(field);
        return writeLiteral(field, target, at, literalIndexed);
      }
    }
    const index = staticIndex(field.name, field.value);
    return index > 0 ? writeInteger(target, at, indexed, index) : writeLiteral(field, target, at, literal);
  }
}

function writeLiteral(field: Field, target: Buffer, at: number, prefix: Prefix): number {
  const index = staticNameIndex(field.name);
  at = writeInteger(target, at, prefix, index);
  if (index === 0) at = writeText(target, at, field.name);
  return writeText(target, at, field.value);
}

function writeText(target: Buffer, at: number, text: string): number {
  const { length } = text;
  at = writeInteger(target, at, plainText, length);
  if (length > shortText) return at + target.write(text, at, 'latin1');
  for (let n = 0; n < length; n++) target[at + n] = text.charCodeAt(n);
  return at + length;
}
