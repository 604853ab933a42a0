import { ChunkedBytes, wholeBytes, type TensorBytes } from '../../../tensors/chunked-bytes.js';
import { decodeInferRequest, rawContentsTag, type WireInferRequest } from './infer-request.js';
import { Reader, wire } from './reader.js';

/** A raw tensor from this size on stays in the pieces in which it came. */
const keptBytesMin = 64 * 1024;
/** More than a varint or a tag ever takes. */
const headBytesMax = 16;

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
  const parts: Uint8Array[] = [];
  const large = new Map<number, TensorBytes>();
  let rawCount = 0;
  for (let at = 0; at < message.byteLength;) {
    const field = readField(message, at);
    if (field === undefined || field.end > message.byteLength) return undefined;
    const isRaw = field.tag === rawContentsTag;
    if (isRaw && field.end - field.start >= keptBytesMin) {
      large.set(rawCount, message.slice(field.start, field.end));
      parts.push(emptyRaw);
    } else {
      const bytes = message.slice(at, field.end);
      parts.push(wholeBytes(bytes));
    }
    if (isRaw) rawCount++;
    at = field.end;
  }
  return { rest: Buffer.concat(parts), large };
}

const emptyRaw = Buffer.from([rawContentsTag, 0]);

/** The tag of the field at a place, and where its value begins and ends; undefined when it has none. */
function readField(
  message: ChunkedBytes,
  at: number,
): { tag: number; start: number; end: number } | undefined {
  const head = wholeBytes(message.slice(at, Math.min(at + headBytesMax, message.byteLength)));
  const reader = new Reader(head);
  try {
    const tag = reader.tag();
    if ((tag & 7) !== wire.bytes) {
      reader.skip(tag);
      return { tag, start: at, end: at + reader.position };
    }
    const length = reader.varint();
    if (reader.high !== 0) return undefined;
    const start = at + reader.position;
    return { tag, start, end: start + length };
  } catch {
    return undefined;
  }
}
