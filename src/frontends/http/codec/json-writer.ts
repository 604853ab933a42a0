import { isUtf8 } from 'node:buffer';
import { InferenceError, invalidArgument } from '../../../inference/error.js';
import { forEachElement, walkBytes } from '../../../tensors/bytes.js';
import { elementBytes, type Datatype } from '../../../tensors/datatype.js';
import { elementCount } from '../../../tensors/shape.js';
import type { Tensor } from '../../../tensors/tensor.js';

/** Text is turned into bytes whenever it has grown so long: a string has a largest size, and JSON has none. */
const textLengthMax = 256 * 1024;

/** JSON on its way into bytes. */
export class JsonText {
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  #text = '';

  add(text: string): void {
    this.#text += text;
    if (this.#text.length > textLengthMax) this.#flush();
  }

  /** All of it, to be sent one behind the other. */
  pieces(): readonly Uint8Array<ArrayBuffer>[] {
    this.#flush();
    return this.#pieces;
  }

  #flush(): void {
    if (this.#text !== '') this.#pieces.push(encoder.encode(this.#text));
    this.#text = '';
  }
}

const encoder = new TextEncoder();

/** Writes a tensor as one flat array. Throws InferenceError where JSON cannot carry it. */
export function writeTensor(tensor: Tensor, text: JsonText): void {
  text.add('[');
  writeElements(tensor, text);
  text.add(']');
}

/** Writes the elements of a tensor with commas between them. */
export function writeElements(tensor: Tensor, text: JsonText): void {
  const { datatype, data, name } = tensor;
  const count = elementCount(tensor.shape);
  const fits =
    datatype === 'BYTES' ? isWhole(data, count) : data.byteLength === count * elementBytes[datatype];
  if (!fits) {
    throw new InferenceError(
      'internal',
      `Failed to write 'data' field: output tensor shape does not match size of output for '${name}'`,
    );
  }
  if (datatype === 'BYTES') writeStrings(data, text);
  else writeNumbers(elementTexts(datatype, data), count, text);
}

function isWhole(data: Uint8Array, count: number): boolean {
  const walk = walkBytes(data, count);
  return walk.kind === 'whole' && walk.count === count;
}

type TextAt = (index: number) => string;

function writeNumbers(textAt: TextAt, count: number, text: JsonText): void {
  if (count > 0) text.add(textAt(0));
  for (let index = 1; index < count; index++) text.add(`,${textAt(index)}`);
}

function elementTexts(datatype: Exclude<Datatype, 'BYTES'>, data: Uint8Array): TextAt {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  switch (datatype) {
    case 'BOOL':
      return (index) => (view.getUint8(index) === 0 ? 'false' : 'true');
    case 'UINT8':
      return (index) => String(view.getUint8(index));
    case 'UINT16':
      return (index) => String(view.getUint16(index * 2, true));
    case 'UINT32':
      return (index) => String(view.getUint32(index * 4, true));
    case 'UINT64':
      return (index) => integerText(view.getUint32(index * 8 + 4, true), view.getUint32(index * 8, true));
    case 'INT8':
      return (index) => String(view.getInt8(index));
    case 'INT16':
      return (index) => String(view.getInt16(index * 2, true));
    case 'INT32':
      return (index) => String(view.getInt32(index * 4, true));
    case 'INT64':
      return (index) => integerText(view.getInt32(index * 8 + 4, true), view.getUint32(index * 8, true));
    case 'FP32':
      return (index) => doubleText(view.getFloat32(index * 4, true));
    case 'FP64':
      return (index) => doubleText(view.getFloat64(index * 8, true));
    case 'FP16':
    case 'BF16':
      throw invalidArgument(
        `sending ${datatype} data via JSON is not supported. Please use the binary data format for output`,
      );
  }
}

/** An integer of 64 bits in full digits. */
function integerText(high: number, low: number): string {
  const value = high * 2 ** 32 + low;
  return Number.isSafeInteger(value) ? String(value) : String((BigInt(high) << 32n) | BigInt(low));
}

/** The shortest text that reads back as this double, as Triton writes it: a whole number keeps a fraction. */
export function doubleText(value: number): string {
  const text = String(value);
  if (!Number.isInteger(value)) return text;
  if (Math.abs(value) >= 1e21) return text.replace('+', '');
  return Object.is(value, -0) ? '-0.0' : `${text}.0`;
}

function writeStrings(data: Uint8Array, text: JsonText): void {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  let separator = '';
  forEachElement(data, (start, end) => {
    const element = bytes.toString('utf8', start, end);
    if (element.includes('\ufffd') && !isUtf8(bytes.subarray(start, end))) {
      throw invalidArgument(
        'sending BYTES data that is not UTF-8 via JSON is not supported. Please use the binary data format for output',
      );
    }
    text.add(separator + JSON.stringify(element));
    separator = ',';
  });
}
