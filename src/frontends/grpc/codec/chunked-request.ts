import { ChunkedBytes, wholeBytes, type TensorBytes } from '../../../tensors/chunked-bytes.js';
import { decodeInferRequest, rawContentsTag, type WireInferRequest } from './infer-request.js';
import { wire } from './reader.js';

/** A raw tensor from this size on stays in the pieces in which it came. */
const keptBytesMin = 64 * 1024;
/** Messages of more fields are no messages of tensors, and are left to the one who counts them. */
const fieldsMax = 65_536;

/** Large raw tensors of a message, and the rest of it with nothing in their places. */
interface Split {
  readonly rest: Buffer;
  /** By the place of the tensor among the raw ones. */
  readonly large: ReadonlyMap<number, TensorBytes>;
}

/**
 * Decodes a ModelInferRequest that came in pieces. Its large raw tensors stay where they are; all else is
 * small, is joined and decoded as always. What cannot be read is joined wholly, so that it fails as always.
 */
export function decodeChunkedInferRequest(message: ChunkedBytes): WireInferRequest {
  const split = splitMessage(message);
  if (split === undefined) return decodeInferRequest(wholeBytes(message));
  const request = decodeInferRequest(split.rest);
  for (const [index, bytes] of split.large) request.raw[index] = bytes;
  return request;
}

function splitMessage(message: ChunkedBytes): Split | undefined {
  const cursor = new Cursor(message);
  const rest: Uint8Array[] = [];
  const large = new Map<number, TensorBytes>();
  let restFrom = 0;
  let rawCount = 0;
  for (let count = 0; cursor.position < message.byteLength; count++) {
    const at = cursor.position;
    const tag = cursor.varint();
    const bytes = tag === undefined || count === fieldsMax ? undefined : cursor.valueBytes(tag & 7);
    if (bytes === undefined) return undefined;
    const start = cursor.position;
    if (!cursor.skip(bytes)) return undefined;
    if (tag !== rawContentsTag) continue;
    if (bytes >= keptBytesMin) {
      large.set(rawCount, message.slice(start, start + bytes));
      rest.push(wholeBytes(message.slice(restFrom, at)), emptyRaw);
      restFrom = cursor.position;
    }
    rawCount++;
  }
  rest.push(wholeBytes(message.slice(restFrom, message.byteLength)));
  return { rest: Buffer.concat(rest), large };
}

const emptyRaw = Buffer.from([rawContentsTag, 0]);

/** Walks over the fields of a message in pieces, without looking into them. */
class Cursor {
  position = 0;
  readonly #message: ChunkedBytes;
  #index = 0;
  /** Where the present piece begins. */
  #start = 0;

  constructor(message: ChunkedBytes) {
    this.#message = message;
  }

  /** A varint of at most 32 bits; undefined for a longer one, or where the message ends. */
  varint(): number | undefined {
    let value = 0;
    for (let shift = 0; shift < 32; shift += 7) {
      const byte = this.#byte();
      if (byte === undefined || (shift === 28 && byte > 0x0f)) return undefined;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    return undefined;
  }

  /** How long a value of a wire type is that begins here; a varint is passed over at once. */
  valueBytes(type: number): number | undefined {
    switch (type) {
      case wire.bytes:
        return this.varint();
      case wire.fixed32:
        return 4;
      case wire.fixed64:
        return 8;
      case wire.varint:
        for (let i = 0; i < 10; i++) if ((this.#byte() ?? 0xff) < 0x80) return 0;
        return undefined;
      default:
        return undefined;
    }
  }

  /** Passes over bytes; false when the message has not as many. */
  skip(bytes: number): boolean {
    this.position += bytes;
    return this.position <= this.#message.byteLength;
  }

  #byte(): number | undefined {
    for (;;) {
      const chunk = this.#message.chunks[this.#index];
      if (chunk === undefined) return undefined;
      if (this.position - this.#start < chunk.byteLength) return chunk[this.position++ - this.#start];
      this.#start += chunk.byteLength;
      this.#index++;
    }
  }
}
