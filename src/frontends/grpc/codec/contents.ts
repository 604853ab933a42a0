import { joinBytes } from '../../../tensors/bytes.js';
import type { Datatype } from '../../../tensors/datatype.js';
import { MalformedMessage, Reader, wire } from './reader.js';

/** One of the typed lists of InferTensorContents, and the datatypes whose tensors it may carry. */
interface ListKind {
  /** The widest of its types, which names it in messages. */
  readonly name: Datatype;
  readonly datatypes: readonly Datatype[];
  /** How its elements are encoded. */
  readonly encoding: 'varint' | 'fixed32' | 'fixed64' | 'bytes';
}

const lists: Readonly<Record<number, ListKind>> = {
  1: { name: 'BOOL', datatypes: ['BOOL'], encoding: 'varint' },
  2: { name: 'INT32', datatypes: ['INT8', 'INT16', 'INT32'], encoding: 'varint' },
  3: { name: 'INT64', datatypes: ['INT64'], encoding: 'varint' },
  4: { name: 'UINT32', datatypes: ['UINT8', 'UINT16', 'UINT32'], encoding: 'varint' },
  5: { name: 'UINT64', datatypes: ['UINT64'], encoding: 'varint' },
  6: { name: 'FP32', datatypes: ['FP32'], encoding: 'fixed32' },
  7: { name: 'FP64', datatypes: ['FP64'], encoding: 'fixed64' },
  8: { name: 'BYTES', datatypes: ['BYTES'], encoding: 'bytes' },
};

/** What the typed contents of a tensor come to. */
export type Contents =
  | { readonly kind: 'raw'; readonly data: Uint8Array }
  /** A list that cannot carry the declared datatype. */
  | { readonly kind: 'mismatch'; readonly list: Datatype }
  /** A second list beside the first. */
  | { readonly kind: 'second-list'; readonly list: Datatype };

/** The raw form of a tensor that came as typed lists; integers are narrowed as they are, unchecked. */
export function readContents(bytes: Buffer, datatype: string): Contents {
  const filled = new Map<number, Chunks>();
  const reader = new Reader(bytes);
  while (!reader.done) {
    const tag = reader.tag();
    const list = lists[tag >>> 3];
    const chunks = list === undefined ? undefined : (filled.get(tag >>> 3) ?? new Chunks());
    if (
      list === undefined ||
      chunks === undefined ||
      !readField(reader, tag & 7, { list, chunks, datatype })
    ) {
      reader.skip(tag);
    } else if (chunks.count > 0) {
      filled.set(tag >>> 3, chunks);
    }
  }
  let data: Uint8Array | undefined;
  for (const [field, chunks] of [...filled].sort(([a], [b]) => a - b)) {
    const list = lists[field];
    if (list === undefined) continue;
    // No datatype goes with two lists: a second one is told by being the second.
    if (data !== undefined) return { kind: 'second-list', list: list.name };
    if (!(list.datatypes as readonly string[]).includes(datatype)) {
      return { kind: 'mismatch', list: list.name };
    }
    data = chunks.join(list.encoding === 'bytes');
  }
  return { kind: 'raw', data: data ?? new Uint8Array(0) };
}

interface Target {
  readonly list: ListKind;
  readonly chunks: Chunks;
  readonly datatype: string;
}

/** Reads one occurrence of a list's field, packed or not; false if it has another wire type. */
function readField(reader: Reader, type: number, { list, chunks, datatype }: Target): boolean {
  const { encoding } = list;
  if (encoding === 'bytes') {
    if (type !== wire.bytes) return false;
    chunks.add(reader.view(), 1);
    return true;
  }
  if (type !== wire.bytes && type !== wire[encoding]) return false;
  if (encoding !== 'varint') {
    const width = encoding === 'fixed32' ? 4 : 8;
    const outer = type === wire.bytes ? reader.enter() : reader.end;
    const end = type === wire.bytes ? reader.end : reader.position + width;
    const length = end - reader.position;
    if (end > reader.end || length % width !== 0) throw new MalformedMessage('truncated list');
    chunks.add(reader.bytes.subarray(reader.position, end), length / width);
    reader.position = end;
    reader.end = outer;
    return true;
  }
  const outer = reader.end;
  if (type === wire.bytes) reader.enter();
  const packed = type === wire.bytes;
  chunks.addVarints(reader, {
    width: varintWidth(list, datatype),
    boolean: list.name === 'BOOL',
    most: packed ? reader.end - reader.position : 1,
    packed,
  });
  reader.end = outer;
  return true;
}

/** Bytes that each element takes in the tensor; a list that does not match is read only to be refused. */
function varintWidth(list: ListKind, datatype: string): 1 | 2 | 4 | 8 {
  if (list.name === 'INT64' || list.name === 'UINT64') return 8;
  if (datatype === 'INT8' || datatype === 'UINT8' || datatype === 'BOOL') return 1;
  return datatype === 'INT16' || datatype === 'UINT16' ? 2 : 4;
}

/** The elements of one list, gathered over its occurrences. */
class Chunks {
  count = 0;
  readonly #parts: Uint8Array[] = [];

  add(part: Uint8Array, count: number): void {
    this.#parts.push(part);
    this.count += count;
  }

  addVarints(
    reader: Reader,
    {
      width,
      boolean,
      most,
      packed,
    }: { width: 1 | 2 | 4 | 8; boolean: boolean; most: number; packed: boolean },
  ): void {
    const part = Buffer.allocUnsafe(most * width);
    let at = 0;
    while (packed ? !reader.done : at === 0) {
      if (width === 8) part.writeBigUInt64LE(reader.uint64(), at);
      else if (width === 4) part.writeUInt32LE(reader.varint(), at);
      else if (width === 2) part.writeUInt16LE(reader.varint() & 0xffff, at);
      else part[at] = boolean ? Number(reader.boolean()) : reader.varint();
      at += width;
    }
    this.add(part.subarray(0, at), at / width);
  }

  join(elements: boolean): Uint8Array {
    return elements ? joinBytes(this.#parts) : Buffer.concat(this.#parts);
  }
}
