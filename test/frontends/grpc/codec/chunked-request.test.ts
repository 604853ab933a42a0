import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { decodeChunkedInferRequest } from '../../../../src/frontends/grpc/codec/chunked-request.js';
import {
  decodeInferRequest,
  type WireInferRequest,
} from '../../../../src/frontends/grpc/codec/infer-request.js';
import { ChunkedBytes, wholeBytes } from '../../../../src/tensors/chunked-bytes.js';
import { field } from '../../../protocol/malformed/wire-rows.js';

/** A decoded request with its tensors joined, to be compared. */
function joined({ modelName, id, inputs, raw }: WireInferRequest): object {
  return { modelName, id, inputs, raw: raw.map((bytes) => Buffer.from(wholeBytes(bytes))) };
}

function cut(bytes: Buffer, places: readonly number[]): ChunkedBytes {
  const ends = [...new Set(places.map((place) => place % (bytes.byteLength + 1)))].sort((a, b) => a - b);
  const starts = [0, ...ends];
  return new ChunkedBytes(starts.map((start, i) => bytes.subarray(start, starts[i + 1] ?? bytes.byteLength)));
}

/** What decoding comes to, the message of a failure included. */
function outcome(decode: () => WireInferRequest): unknown {
  try {
    return joined(decode());
  } catch (error) {
    return String(error);
  }
}

const large = 64 * 1024;
const raw = fc
  .oneof(
    fc.nat(200),
    fc.integer({ min: large - 2, max: large + 2 }),
    fc.integer({ min: large, max: 300_000 }),
  )
  .map((size) => field(7, Buffer.alloc(size, size)));
const small = fc.oneof(
  fc.constant(field(1, Buffer.from('model'))),
  fc.constant(field(3, Buffer.from('an id'))),
  fc.constant(field(5, Buffer.concat([field(1, Buffer.from('INPUT0')), field(2, Buffer.from('FP32'))]))),
  fc.constant(Buffer.from([0x78, 0x96, 0x01])),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
);
const message = fc.array(fc.oneof(raw, small), { maxLength: 8 }).map((fields) => Buffer.concat(fields));
const places = fc.array(fc.nat(2_000_000), { maxLength: 12 });

describe('a request that came in pieces', () => {
  test('is the request that its bytes are together, or fails as they do', () => {
    fc.assert(
      fc.property(message, places, (bytes, at) => {
        assert.deepEqual(
          outcome(() => decodeChunkedInferRequest(cut(bytes, at))),
          outcome(() => decodeInferRequest(bytes)),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('keeps a large tensor in the pieces in which it came', () => {
    const bytes = field(7, Buffer.alloc(1_000_000, 7));
    const { raw } = decodeChunkedInferRequest(cut(bytes, [300_000, 600_000]));
    assert.ok(raw[0] instanceof ChunkedBytes);
    assert.equal(raw[0].chunks.length, 3);
    for (const chunk of raw[0].chunks) assert.equal(chunk.buffer, bytes.buffer);
  });
});
