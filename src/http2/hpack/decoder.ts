// Decoding of header blocks (RFC 7541 3, 6).
import { BlockReader } from './block-reader.js';
import { DynamicTable } from './dynamic-table.js';
import { Field } from './field.js';
import { canIntern, InternTable } from './intern.js';
import { firstDynamicIndex, staticFields } from './static-table.js';

/**
 * 'compression' breaks the connection (COMPRESSION_ERROR, RFC 9113 4.3). After 'too-large' the table is
 * still in step, and the next block can be decoded.
 */
export type DecodeFailure = 'compression' | 'too-large';

/** Options of HpackDecoder. */
export interface DecoderOptions {
  /** What we announced as SETTINGS_HEADER_TABLE_SIZE. */
  readonly tableBytes: number;
  /** The most that a header list may take (SETTINGS_MAX_HEADER_LIST_SIZE, counted as in RFC 9113 6.5.2). */
  readonly listBytes: number;
  /** Shared by all connections of a server; an own one by default. */
  readonly interned?: InternTable;
}

/** The longest list that is kept to be handed out again. */
const keptFieldCount = 32;

/** One for all decoders: a block is read to its end at once. */
const block = new BlockReader();

/** The receiving side of a connection's header compression. */
export class HpackDecoder {
  readonly #tableBytes: number;
  readonly #listBytes: number;
  readonly #interned: InternTable;
  readonly #table = new DynamicTable();
  /** The last list that came wholly from the tables. */
  #last: readonly Field[] = [];

  constructor(options: DecoderOptions) {
    this.#tableBytes = options.tableBytes;
    this.#listBytes = options.listBytes;
    this.#interned = options.interned ?? new InternTable();
  }

  /**
   * Decodes one whole header block, bytes[start, end). The same array comes again, not to be changed, where
   * a block names the same fields as the one before that had no literals.
   */
  decode(bytes: Buffer, start: number, end: number): readonly Field[] | DecodeFailure {
    if (this.#isLastAgain(bytes, start, end)) return this.#last;
    block.open(bytes, start, end);
    const decoded = this.#readBlock();
    block.close();
    return decoded;
  }

  #isLastAgain(bytes: Buffer, start: number, end: number): boolean {
    const last = this.#last;
    if (end - start !== last.length) return false;
    for (let n = 0; n < last.length; n++) {
      const byte = bytes[start + n] as number;
      // Neither a literal nor the first byte of a longer index.
      if (byte < 0x80 || byte === 0xff) return false;
      if (this.#find(byte & 0x7f) !== last[n]) return false;
    }
    return true;
  }

  #readBlock(): readonly Field[] | DecodeFailure {
    if (!this.#readSizeUpdates()) return 'compression';
    const fields: Field[] = [];
    let restBytes = this.#listBytes;
    let indexedOnly = true;
    while (block.at < block.end) {
      const first = block.bytes[block.at] as number;
      const field = first >= 0x80 ? this.#readIndexed() : this.#readLiteral(first, restBytes);
      if (block.broken) return 'compression';
      if (first < 0x80) indexedOnly = false;
      restBytes = field === undefined ? -1 : restBytes - field.size;
      if (field !== undefined && restBytes >= 0) fields.push(field);
    }
    if (restBytes < 0) return 'too-large';
    if (indexedOnly && fields.length <= keptFieldCount) this.#last = fields;
    return fields;
  }

  /** Dynamic table size updates (RFC 7541 6.3), which stand only before the first field (4.2). */
  #readSizeUpdates(): boolean {
    while (block.at < block.end && ((block.bytes[block.at] as number) & 0xe0) === 0x20) {
      const bytes = block.integer(0x1f);
      if (bytes < 0 || bytes > this.#tableBytes) return false;
      this.#table.resize(bytes);
    }
    return true;
  }

  /** RFC 7541 6.1. */
  #readIndexed(): Field | undefined {
    const field = this.#find(block.integer(0x7f));
    if (field === undefined) block.broken = true;
    return field;
  }

  /** RFC 7541 6.2. Undefined where the block is broken, or the field too large for the list and the table. */
  #readLiteral(first: number, restBytes: number): Field | undefined {
    const inserts = first >= 0x40;
    if (!inserts && first >= 0x20) {
      block.broken = true;
      return undefined;
    }
    const roomBytes = inserts ? Math.max(restBytes, this.#table.maxBytes) : restBytes;
    const name = this.#readName(block.integer(inserts ? 0x3f : 0x0f), roomBytes);
    if (block.broken || !block.openText()) return undefined;
    const neverIndexed = (first & 0xf0) === 0x10;
    const field = name === undefined ? this.#skipValue() : this.#readValue(name, roomBytes, neverIndexed);
    if (!inserts || block.broken) return field;
    if (field === undefined) this.#table.clear();
    else this.#table.insert(field);
    return field;
  }

  #readName(index: number, roomBytes: number): string | undefined {
    if (index === 0) {
      if (!block.openText()) return undefined;
      return canIntern(block) ? this.#interned.text(block) : block.text(roomBytes);
    }
    const named = this.#find(index);
    if (named === undefined) block.broken = true;
    return named?.name;
  }

  /** A literal that must never be indexed may be a secret (RFC 7541 7.1.3): it is kept nowhere. */
  #readValue(name: string, roomBytes: number, neverIndexed: boolean): Field | undefined {
    if (!neverIndexed && canIntern(block)) return this.#interned.field(name, block);
    const value = block.text(roomBytes - name.length);
    return value === undefined ? undefined : new Field(name, value);
  }

  /** The name was too long. The value still has to be one. */
  #skipValue(): undefined {
    block.text(0);
  }

  #find(index: number): Field | undefined {
    return index < firstDynamicIndex ? staticFields[index] : this.#table.at(index - firstDynamicIndex);
  }
}
