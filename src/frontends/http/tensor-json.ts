import { setImmediate as nextTurn } from 'node:timers/promises';
import { lengthPrefixBytes } from '../../tensors/bytes.js';
import { elementBytes, type Datatype } from '../../tensors/datatype.js';
import type { Tensor } from '../../tensors/tensor.js';
import { noHalfFloatsOut } from './json-errors.js';

/** Elements that are written in one turn of the event loop. */
const turnElements = 1024;

/** A tensor as JSON: all elements in one array, one element as itself. Many take several turns of the event loop. */
export async function tensorToJson(tensor: Tensor): Promise<string> {
  const lines: string[] = [];
  let texts: string[] = [];
  let count = 0;
  for (const text of elementTexts(tensor)) {
    texts.push(text);
    if (++count % turnElements > 0) continue;
    lines.push(texts.join(','));
    texts = [];
    await nextTurn();
  }
  if (count === 1) return texts.join('');
  return `[${[...lines, ...(texts.length === 0 ? [] : [texts.join(',')])].join(',')}]`;
}

function* elementTexts({ datatype, data }: Tensor): Generator<string> {
  if (datatype === 'BYTES') {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 0; at < bytes.byteLength;) {
      const start = at + lengthPrefixBytes;
      at = start + bytes.readUInt32LE(at);
      // What is no UTF-8 becomes the sign for it, so that the answer is JSON in any case.
      yield JSON.stringify(bytes.toString('utf8', start, at));
    }
    return;
  }
  const read = readers[datatype];
  if (read === undefined) throw noHalfFloatsOut(datatype);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const width = elementBytes[datatype];
  for (let at = 0; at < data.byteLength; at += width) yield read(view, at);
}

type Read = (view: DataView, at: number) => string;

const readers: Readonly<Partial<Record<Datatype, Read>>> = {
  BOOL: (view, at) => String(view.getUint8(at) !== 0),
  UINT8: (view, at) => String(view.getUint8(at)),
  UINT16: (view, at) => String(view.getUint16(at, true)),
  UINT32: (view, at) => String(view.getUint32(at, true)),
  UINT64: (view, at) => String(view.getBigUint64(at, true)),
  INT8: (view, at) => String(view.getInt8(at)),
  INT16: (view, at) => String(view.getInt16(at, true)),
  INT32: (view, at) => String(view.getInt32(at, true)),
  INT64: (view, at) => String(view.getBigInt64(at, true)),
  FP32: (view, at) => formatDouble(view.getFloat32(at, true)),
  FP64: (view, at) => formatDouble(view.getFloat64(at, true)),
};

/** As Triton writes it: with a point or an exponent, also where it is whole; what is no number has its name. */
export function formatDouble(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  return Number.isInteger(value) && !text.includes('e') ? `${text}.0` : text.replace('e+', 'e');
}
