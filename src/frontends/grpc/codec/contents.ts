import { lengthPrefixBytes } from '../../../tensors/bytes.js';
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

/** By field number. */
const lists: readonly (ListKind | undefined)[] = [
  undefined,
  { name: 'BOOL', datatypes: ['BOOL'], encoding: 'varint' },
  { name: 'INT32', datatypes: ['INT8', 'INT16', 'INT32'], encoding: 'varint' },
  { name: 'INT64', datatypes: ['INT64'], encoding: 'varint' },
  { name: 'UINT32', datatypes: ['UINT8', 'UINT16', 'UINT32'], encoding: 'varint' },
  { name: 'UINT64', datatypes: ['UINT64'], encoding: 'varint' },
  { name: 'FP32', datatypes: ['FP32'], encoding: 'fixed32' },
  { name: 'FP64', datatypes: ['FP64'], encoding: 'fixed64' },
  { name: 'BYTES', datatypes: ['BYTES'], encoding: 'bytes' },
];

/** What the typed contents of a tensor come to. */
export type Contents =
  | { readonly kind: 'raw'; readonly data: Uint8Array }
  /** A list that cannot carry the declared datatype. */
  | { readonly kind: 'mismatch'; readonly list: Datatype }
  /** A second list beside the first. */
  | { readonly kind: 'second-list'; readonly list: Datatype };

/**
 * The raw form of a tensor that came as typed lists; integers are narrowed as they are, unchecked.
 * The bytes are read twice, to measure and to fill: nothing but the raw form itself takes memory.
 */
export function readContents(bytes: Buffer, datatype: string): Contents {
  const sizes = measure(bytes, datatype);
  const [field, second] = [...sizes.keys()].filter((field) => sizes[field] !== 0);
  const list = lists[field ?? 0];
  if (field === undefined || list === undefined) return { kind: 'raw', data: new Uint8Array(0) };
  if (!(list.datatypes as readonly string[]).includes(datatype)) {
    return { kind: 'mismatch', list: list.name };
  }
  // No datatype goes with two lists: a second one is told by being the second.
  const other = lists[second ?? 0];
  if (other !== undefined) return { kind: 'second-list', list: other.name };
  return { kind: 'raw', data: fill(Buffer.allocUnsafe(sizes[field] ?? 0), bytes, datatype) };
}

/** For each list the bytes that its elements take in a tensor; the whole message is checked with that. */
function measure(bytes: Buffer, datatype: string): readonly number[] {
  const sizes = lists.map(() => 0);
  const { width } = varintOf(datatype);
  const reader = new Reader(bytes);
  forEachRun(reader, (field, encoding, packed) => {
    sizes[field] = (sizes[field] ?? 0) + measureRun(reader, { encoding, packed, width });
  });
  return sizes;
}

interface Run {
  readonly encoding: ListKind['encoding'];
  readonly packed: boolean;
  /** Bytes that a varint takes in the tensor. */
  readonly width: number;
}

function measureRun(reader: Reader, { encoding, packed, width }: Run): number {
  if (encoding === 'bytes') {
    const length = reader.length();
    reader.advance(length);
    return lengthPrefixBytes + length;
  }
  if (encoding !== 'varint') {
    const length = fixedLength(reader, encoding, packed);
    reader.advance(length);
    return length;
  }
  let size = 0;
  while (packed ? !reader.done : size === 0) {
    reader.varint();
    size += width;
  }
  return size;
}

/** Writes the elements of the one list that has any to `raw`, which is as large as they are. */
function fill(raw: Buffer, bytes: Buffer, datatype: string): Buffer {
  const { width, write } = varintOf(datatype);
  const reader = new Reader(bytes);
  let at = 0;
  forEachRun(reader, (_, encoding, packed) => {
    if (encoding === 'bytes') {
      const length = reader.length();
      raw.writeUInt32LE(length, at);
      at = reader.copy(raw, at + lengthPrefixBytes, length);
    } else if (encoding !== 'varint') {
      at = reader.copy(raw, at, fixedLength(reader, encoding, packed));
    } else {
      const start = at;
      for (; packed ? !reader.done : at === start; at += width) write(reader, raw, at);
    }
  });
  return raw;
}

/** Calls back at each occurrence of a list; at a packed one the reader is narrowed to it. */
function forEachRun(
  reader: Reader,
  visit: (field: number, encoding: ListKind['encoding'], packed: boolean) => void,
): void {
  while (!reader.done) {
    const tag = reader.tag();
    const type = tag & 7;
    const encoding = lists[tag >>> 3]?.encoding;
    if (encoding === undefined || (type !== wire.bytes && type !== wire[encoding])) {
      reader.skip(tag);
    } else if (encoding === 'bytes' || type !== wire.bytes) {
      visit(tag >>> 3, encoding, false);
    } else {
      const outer = reader.enter();
      visit(tag >>> 3, encoding, true);
      reader.end = outer;
    }
  }
}

/** Bytes of the fixed-width elements that the reader stands at. */
function fixedLength(reader: Reader, encoding: 'fixed32' | 'fixed64', packed: boolean): number {
  const width = encoding === 'fixed32' ? 4 : 8;
  const length = packed ? reader.end - reader.position : width;
  if (length % width !== 0) throw new MalformedMessage('truncated list');
  return length;
}

/** How a varint goes into a tensor. */
interface VarintElement {
  readonly width: number;
  readonly write: (reader: Reader, raw: Buffer, at: number) => void;
}

const bool: VarintElement = {
  width: 1,
  write: (reader, raw, at) => (raw[at] = Number(reader.boolean())),
};
const int8: VarintElement = { width: 1, write: (reader, raw, at) => (raw[at] = reader.varint()) };
const int16: VarintElement = {
  width: 2,
  write: (reader, raw, at) => raw.writeUInt16LE(reader.varint() & 0xffff, at),
};
const int32: VarintElement = {
  width: 4,
  write: (reader, raw, at) => raw.writeUInt32LE(reader.varint(), at),
};
const int64: VarintElement = {
  width: 8,
  write: (reader, raw, at) => {
    raw.writeUInt32LE(reader.varint(), at);
    raw.writeUInt32LE(reader.high, at + 4);
  },
};

const varints: ReadonlyMap<string, VarintElement> = new Map([
  ['BOOL', bool],
  ['INT8', int8],
  ['UINT8', int8],
  ['INT16', int16],
  ['UINT16', int16],
  ['INT32', int32],
  ['UINT32', int32],
  ['INT64', int64],
  ['UINT64', int64],
]);

/** For a datatype that has no such form anything will do: its list is read only to be refused. */
function varintOf(datatype: string): VarintElement {
  return varints.get(datatype) ?? int32;
}
