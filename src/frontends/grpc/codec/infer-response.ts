import type { InferResponse } from '../../../inference/response.js';
import { InferenceError } from '../../../inference/error.js';
import { ChunkedBytes, copyBytes } from '../../../tensors/chunked-bytes.js';
import { sameShape } from '../../../tensors/shape.js';
import type { ReceivedTensor } from '../../../tensors/tensor.js';
import type { WireMessage } from '../transport.js';

/** gRPC's own limit of a message. */
export const messageBytesMax = 2147483647;

/**
 * A ModelInferResponse on its way out. Its size is known at once; its bytes are written by `copy`, once,
 * straight to where they are sent, and the response is released with the last of them, or when it is dropped.
 */
export class InferResponseFrame implements WireMessage {
  readonly byteLength: number;
  readonly #response: SendableResponse;
  readonly #head: Buffer;
  readonly #tail: Buffer;

  /** `tail` is appended as it is: fields that are not the response's own. */
  constructor(response: SendableResponse, id: string, tail: Buffer = noBytes) {
    this.#response = response;
    this.#head = encodeHead(response, id);
    this.#tail = tail;
    let size = this.#head.byteLength + tail.byteLength;
    for (const { data } of response.outputs) size += 1 + varintBytes(data.byteLength) + data.byteLength;
    this.byteLength = size;
    if (size > messageBytesMax) {
      throw new InferenceError(
        'invalid-argument',
        `Response has byte size ${size} which exceeds gRPC's byte size limit ${messageBytesMax}.`,
      );
    }
  }

  copy(target: Uint8Array, offset: number, from = 0, to = this.byteLength): number {
    if (from === 0 && to === this.byteLength) this.#copyWhole(target, offset);
    else this.#copyRange(target, { offset, from, to });
    if (to === this.byteLength) this.#response.release();
    return to - from;
  }

  drop(): void {
    this.#response.release();
  }

  #copyWhole(target: Uint8Array, offset: number): void {
    let at = offset;
    target.set(this.#head, at);
    at += this.#head.byteLength;
    for (const { data } of this.#response.outputs) {
      target[at++] = rawOutputTag;
      at = writeVarint(target, at, data.byteLength);
      copyBytes(data, target, at);
      at += data.byteLength;
    }
    target.set(this.#tail, at);
  }

  /** The parts of the message that lie in the range, each as far as it does. */
  #copyRange(target: Uint8Array, { offset, from, to }: Range): void {
    let at = offset;
    let start = 0;
    const part = (bytes: Uint8Array): void => {
      const [first, last] = [Math.max(from - start, 0), Math.min(to - start, bytes.byteLength)];
      start += bytes.byteLength;
      if (first >= last) return;
      target.set(last - first === bytes.byteLength ? bytes : bytes.subarray(first, last), at);
      at += last - first;
    };
    part(this.#head);
    for (const { data } of this.#response.outputs) {
      part(rawOutputHead(data.byteLength));
      if (data instanceof ChunkedBytes) data.chunks.forEach(part);
      else part(data);
    }
    part(this.#tail);
  }
}

/** An answer, whose tensors may also be what was received. */
export type SendableResponse = Omit<InferResponse, 'outputs'> & {
  readonly outputs: readonly ReceivedTensor[];
};

/** Bytes [from, to) of a message, and where they go. */
interface Range {
  readonly offset: number;
  readonly from: number;
  readonly to: number;
}

function rawOutputHead(byteLength: number): Buffer {
  const head = Buffer.allocUnsafe(1 + varintBytes(byteLength));
  head[0] = rawOutputTag;
  writeVarint(head, 1, byteLength);
  return head;
}

const noBytes = Buffer.alloc(0);
const rawOutputTag = (6 << 3) | 2;

/**
 * Everything but the tensors' bytes and the tail. Without an id it is the same for all answers of a version
 * whose tensors have the same shapes, as they mostly have: the last one is kept for each version.
 */
function encodeHead(response: SendableResponse, id: string): Buffer {
  const kept = heads.get(response.source);
  const common = kept !== undefined && speaksFor(kept, response) ? kept.bytes : encodeCommon(response);
  if (common !== kept?.bytes)
    heads.set(response.source, { outputs: response.outputs.map(formOf), bytes: common });
  return id === '' ? common : Buffer.concat([common, text(3, id)]);
}

function encodeCommon(response: SendableResponse): Buffer {
  const model = text(1, response.modelName);
  const version = text(2, String(response.modelVersion));
  return Buffer.concat([model, version, ...response.outputs.map(encodeOutput)]);
}

type Form = Pick<ReceivedTensor, 'name' | 'datatype' | 'shape'>;

interface KeptHead {
  readonly outputs: readonly Form[];
  readonly bytes: Buffer;
}

const heads = new WeakMap<object, KeptHead>();

function formOf({ name, datatype, shape }: ReceivedTensor): Form {
  return { name, datatype, shape };
}

function speaksFor(kept: KeptHead, { outputs }: SendableResponse): boolean {
  if (kept.outputs.length !== outputs.length) return false;
  for (let at = 0; at < outputs.length; at++) {
    const [a, b] = [kept.outputs[at], outputs[at]];
    if (a === undefined || b === undefined || a.name !== b.name || a.datatype !== b.datatype) return false;
    if (a.shape !== b.shape && !sameShape(a.shape, b.shape)) return false;
  }
  return true;
}

function encodeOutput(tensor: ReceivedTensor): Buffer {
  const name = text(1, tensor.name);
  const datatype = text(2, tensor.datatype);
  let dims = 0;
  for (const dim of tensor.shape) dims += varintBytes(dim);
  const shape = dims === 0 ? 0 : 1 + varintBytes(dims) + dims;
  const length = name.byteLength + datatype.byteLength + shape;
  const bytes = Buffer.allocUnsafe(1 + varintBytes(length) + length);
  bytes[0] = (5 << 3) | 2;
  let at = writeVarint(bytes, 1, length);
  bytes.set(name, at);
  at += name.byteLength;
  bytes.set(datatype, at);
  at += datatype.byteLength;
  if (shape > 0) {
    bytes[at++] = (3 << 3) | 2;
    at = writeVarint(bytes, at, dims);
    for (const dim of tensor.shape) at = writeVarint(bytes, at, dim);
  }
  return bytes;
}

/** A string field, tag and length included. */
function text(field: number, value: string): Buffer {
  const length = Buffer.byteLength(value);
  const bytes = Buffer.allocUnsafe(1 + varintBytes(length) + length);
  bytes[0] = (field << 3) | 2;
  bytes.write(value, writeVarint(bytes, 1, length));
  return bytes;
}

export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}

/** Writes a non-negative integer; the result is the position behind it. */
export function writeVarint(target: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  while (rest >= 0x80) {
    target[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  target[at++] = rest;
  return at;
}
