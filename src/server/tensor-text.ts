import { lengthPrefixBytes } from '../tensors/bytes.js';
import { elementBytes, type Datatype } from '../tensors/datatype.js';

/** Elements of one tensor that a trace shows. */
export const shownElementsMax = 1000;

/**
 * The elements of a tensor as text, with commas between them, and how many of those that the bytes hold; at most
 * 1,000, and no more than the bytes hold wholly.
 */
export function tensorText(datatype: Datatype, bytes: Uint8Array): { text: string; shown: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (datatype === 'BYTES') return stringsText(view, bytes);
  const size = elementBytes[datatype];
  const shown = Math.min(shownElementsMax, Math.floor(bytes.byteLength / size));
  const read = readers[datatype];
  const parts: string[] = [];
  for (let index = 0; index < shown; index++) parts.push(read(view, index * size));
  return { text: parts.join(','), shown };
}

function stringsText(view: DataView, bytes: Uint8Array): { text: string; shown: number } {
  const parts: string[] = [];
  let at = 0;
  while (parts.length < shownElementsMax && at + lengthPrefixBytes <= bytes.byteLength) {
    const start = at + lengthPrefixBytes;
    at = start + view.getUint32(at, true);
    if (at > bytes.byteLength) break;
    parts.push(`"${Buffer.from(view.buffer, view.byteOffset + start, at - start).toString()}"`);
  }
  return { text: parts.join(','), shown: parts.length };
}

type Reader = (view: DataView, at: number) => string;

const readers: Readonly<Record<Exclude<Datatype, 'BYTES'>, Reader>> = {
  BOOL: (view, at) => (view.getUint8(at) === 0 ? '0' : '1'),
  UINT8: (view, at) => String(view.getUint8(at)),
  UINT16: (view, at) => String(view.getUint16(at, true)),
  UINT32: (view, at) => String(view.getUint32(at, true)),
  UINT64: (view, at) => String(view.getBigUint64(at, true)),
  INT8: (view, at) => String(view.getInt8(at)),
  INT16: (view, at) => String(view.getInt16(at, true)),
  INT32: (view, at) => String(view.getInt32(at, true)),
  INT64: (view, at) => String(view.getBigInt64(at, true)),
  FP16: (view, at) => String(halfFloat(view.getUint16(at, true))),
  BF16: (view, at) => shortest(bfloat(view.getUint16(at, true))),
  FP32: (view, at) => shortest(view.getFloat32(at, true)),
  FP64: (view, at) => String(view.getFloat64(at, true)),
};

/** The fewest digits that name this number among those of 32 bits. */
function shortest(value: number): string {
  if (!Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value) < 2 ** 24)) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function bfloat(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
}
