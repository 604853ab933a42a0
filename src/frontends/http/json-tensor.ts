import { setImmediate as nextTurn } from 'node:timers/promises';
import { elementBytes, type Datatype } from '../../tensors/datatype.js';
import { asBoolean, asBytes, asDouble, asInt, asUint, isArray, type JsonValue } from './json.js';
import { missingElements, outOfRange, surplusElements, within } from './json-errors.js';

/** Elements that are read in one turn of the event loop. */
const turnElements = 1024;

/** Of which JSON carries numbers or truth values; half floats it does not carry. */
export type PlainDatatype = Exclude<Datatype, 'BYTES' | 'FP16' | 'BF16'>;

/** The raw form of a tensor that came as JSON: one value, or an array of as many as its shape has. */
export async function readTensor(
  value: JsonValue,
  { datatype, elementCount }: { readonly datatype: PlainDatatype; readonly elementCount: number },
): Promise<Uint8Array> {
  const write = writers[datatype];
  const width = elementBytes[datatype];
  const data = new Uint8Array(width * elementCount);
  const view = new DataView(data.buffer);
  let count = 0;
  for (const element of elementsOf(value)) {
    if (count === elementCount) throw surplusElements();
    if (count % turnElements === 0 && count > 0) await nextTurn();
    within("Unable to parse 'data'", () => write(view, width * count, element));
    count++;
  }
  if (count < elementCount) throw missingElements();
  return data;
}

/** The texts of a tensor of BYTES. */
export function readTexts(value: JsonValue): Uint8Array[] {
  return within('Unable to parse JSON bytes array', () => [...elementsOf(value)].map(asBytes));
}

/** All that is no array, in order, however deep it lies; the parser bounds how deep that may be. */
function* elementsOf(value: JsonValue): Generator<JsonValue> {
  if (!isArray(value)) {
    yield value;
    return;
  }
  for (const element of value) {
    if (isArray(element)) yield* elementsOf(element);
    else yield element;
  }
}

type Write = (view: DataView, at: number, value: JsonValue) => void;

const writers: Readonly<Record<PlainDatatype, Write>> = {
  BOOL: (view, at, value) => view.setUint8(at, Number(asBoolean(value))),
  UINT8: (view, at, value) => view.setUint8(at, whole(asUint(value), 'UINT8', [0n, 255n])),
  UINT16: (view, at, value) => view.setUint16(at, whole(asUint(value), 'UINT16', [0n, 65535n]), true),
  UINT32: (view, at, value) => view.setUint32(at, whole(asUint(value), 'UINT32', [0n, 4294967295n]), true),
  UINT64: (view, at, value) => view.setBigUint64(at, asUint(value), true),
  INT8: (view, at, value) => view.setInt8(at, whole(asInt(value), 'INT8', [-128n, 127n])),
  INT16: (view, at, value) => view.setInt16(at, whole(asInt(value), 'INT16', [-32768n, 32767n]), true),
  INT32: (view, at, value) =>
    view.setInt32(at, whole(asInt(value), 'INT32', [-2147483648n, 2147483647n]), true),
  INT64: (view, at, value) => view.setBigInt64(at, asInt(value), true),
  FP32: (view, at, value) => view.setFloat32(at, asDouble(value), true),
  FP64: (view, at, value) => view.setFloat64(at, asDouble(value), true),
};

function whole(value: bigint, datatype: Datatype, [least, most]: readonly [bigint, bigint]): number {
  if (value < least || value > most) throw outOfRange(String(value), datatype);
  return Number(value);
}
