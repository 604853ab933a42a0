import type { IncomingHttpHeaders } from 'node:http';
import { invalidArgument } from '../../inference/error.js';

const int32Max = 2 ** 31 - 1;

/** How long a body says that it is; undefined when it comes in chunks. */
export function contentLength(headers: IncomingHttpHeaders): number | undefined {
  return readInt32('Content-Length', headers['content-length']);
}

/** Where a request's JSON ends: 0 when it has none, undefined when all of it is. */
export function inferenceHeaderLength(headers: IncomingHttpHeaders): number | undefined {
  const value = headers['inference-header-content-length'];
  return readInt32('Inference-Header-Content-Length', Array.isArray(value) ? value.join(', ') : value);
}

function readInt32(header: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\s*[+-]?\d+\s*$/.test(text)) throw invalidArgument(`Unable to parse ${header}, got: ${text}`);
  const value = Number(text);
  if (value > int32Max || value < -int32Max - 1) {
    throw invalidArgument(
      `Unable to parse ${header}, value is out of range [ -2147483648, 2147483647 ], got: ${text}`,
    );
  }
  return value;
}

/** Refuses a place for the end of the JSON that lies outside of the body. */
export function checkHeaderLength(headerLength: number, bodyBytes: number): void {
  if (headerLength >= 0 && headerLength <= bodyBytes) return;
  throw invalidArgument(`inference header size should be in range (0, ${bodyBytes}), got: ${headerLength}`);
}
