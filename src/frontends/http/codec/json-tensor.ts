import { invalidArgument, InferenceError, type ErrorCode } from '../../../inference/error.js';
import { elementBytes, type Datatype } from '../../../tensors/datatype.js';
import { elementsOf, outOfRange, type Elements } from './json-elements.js';
import type { JsonReader } from './json-reader.js';
import { byte, nestingMax, nestingText, syntaxText } from './json-syntax.js';
import { accessText } from './json-value.js';

/** What a tensor's `data` came to. A failure is told when it is the input's turn: others may come before it. */
export type JsonTensor =
  | { readonly kind: 'data'; readonly data: Uint8Array<ArrayBuffer> }
  | JsonTensorFailure
  /** Not looked at: what the tensor is could not be told, or it has no elements. */
  | { readonly kind: 'unread' };

export interface JsonTensorFailure {
  readonly kind: 'failed';
  readonly code: ErrorCode;
  readonly message: string;
}

/** A tensor as its input declares it. */
export interface JsonTensorForm {
  readonly name: string;
  readonly datatype: Datatype;
  readonly elementCount: number;
  /** Bytes that the tensor may have. */
  readonly bytesMax: number;
}

/** Reads the `data` at which the reader stands into the bytes of the tensor, and leaves the reader behind it. */
export function readTensor(reader: JsonReader, form: JsonTensorForm): JsonTensor {
  const { datatype, name, elementCount, bytesMax } = form;
  const size = elementCount * elementBytes[datatype];
  const refusal =
    size > bytesMax
      ? tooLargeText(name, size, bytesMax)
      : datatype === 'FP16' || datatype === 'BF16'
        ? `receiving ${datatype} data via JSON is not supported. Please use the binary data format for input ${name}`
        : undefined;
  if (reader.peek() !== byte.openSquare || refusal !== undefined) {
    const array = reader.peek() === byte.openSquare;
    reader.skip();
    return array
      ? { kind: 'failed', code: 'invalid-argument', message: refusal ?? '' }
      : { kind: 'failed', code: 'internal', message: `Unable to parse 'data': ${accessText('array')}` };
  }
  const jsonBytes = reader.bytes.byteLength - reader.at;
  const elements = elementsOf({ datatype, count: elementCount, jsonBytes }, reader.number);
  const failure = new NestedArrays(reader, elements, datatype).read();
  if (failure !== undefined) return failure;
  const { data } = elements;
  if (datatype === 'BYTES' && data.byteLength > bytesMax) {
    return {
      kind: 'failed',
      code: 'invalid-argument',
      message: tooLargeText(name, data.byteLength, bytesMax),
    };
  }
  if (datatype !== 'BYTES' && elements.count < elementCount) {
    const message = "Failed to parse 'data' field: shape does not match true shape";
    return { kind: 'failed', code: 'internal', message };
  }
  return { kind: 'data', data };
}

/** The refusal as an error. */
export function tensorError({ code, message }: JsonTensorFailure): InferenceError {
  return new InferenceError(code, message);
}

function tooLargeText(name: string, size: number, most: number): string {
  return `JSON input '${name}' has a byte_size (${size} bytes) that exceeds the maximum allowed value of ${most} bytes. Use --http-max-input-size to increase the limit.`;
}

/** Arrays in arrays, whose leaves are the elements: how they nest means nothing. */
class NestedArrays {
  readonly #reader: JsonReader;
  readonly #elements: Elements;
  readonly #datatype: Datatype;
  #depth = 0;
  #failure: JsonTensorFailure | undefined = undefined;

  constructor(reader: JsonReader, elements: Elements, datatype: Datatype) {
    this.#reader = reader;
    this.#elements = elements;
    this.#datatype = datatype;
  }

  /** Reads it all; the result says what was wrong with an element. */
  read(): JsonTensorFailure | undefined {
    const reader = this.#reader;
    const nestingPrefix = this.#datatype === 'BYTES' ? '' : unableText;
    do {
      if (reader.peek() === byte.openSquare) {
        if (++this.#depth > nestingMax) throw invalidArgument(nestingPrefix + nestingText);
        reader.at++;
        // An empty array is at its end at once; in any other an element comes first.
        if (reader.peek() !== byte.closeSquare) continue;
      } else {
        this.#readElement();
      }
      this.#leave();
    } while (this.#depth > 0);
    return this.#failure;
  }

  /** Goes on behind an element: to the next one, or out of the arrays that end here. */
  #leave(): void {
    const reader = this.#reader;
    while (this.#depth > 0) {
      const next = reader.peek();
      if (next !== byte.comma && next !== byte.closeSquare) throw reader.fail(syntaxText.commaOrSquare);
      reader.at++;
      if (next === byte.comma) return;
      this.#depth--;
    }
  }

  #readElement(): void {
    const [reader, elements] = [this.#reader, this.#elements];
    if (this.#failure === undefined && elements.count < elements.most) {
      const end = elements.read(reader.bytes, reader.at);
      if (end >= 0) {
        reader.at = end;
        return;
      }
      this.#failure = end === outOfRange ? this.#outOfRange() : this.#wrongKind();
    }
    this.#failure ??= failed('internal', `${unableText}Shape does not match true shape of 'data' field`);
    // Whether all of it is JSON still has to be known.
    reader.skip();
  }

  #wrongKind(): JsonTensorFailure {
    const { wanted } = this.#elements;
    const subject = wanted === 'string' ? 'Unable to parse JSON bytes array: ' : unableText;
    return failed('internal', subject + accessText(wanted));
  }

  #outOfRange(): JsonTensorFailure {
    const { bytes, at, number } = this.#reader;
    const text = String.fromCharCode(...bytes.subarray(at, number.end));
    return failed('invalid-argument', `${unableText}${text} is out of the range of ${this.#datatype}`);
  }
}

const unableText = "Unable to parse 'data': ";

function failed(code: ErrorCode, message: string): JsonTensorFailure {
  return { kind: 'failed', code, message };
}
