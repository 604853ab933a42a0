import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { HpackDecoder } from '../../../src/http2/hpack/decoder.js';
import { blockBytesMax, HpackEncoder, repeated } from '../../../src/http2/hpack/encoder.js';
import { Field } from '../../../src/http2/hpack/field.js';
import { decoded, indexed, literal, pairs, sizeUpdate, type Literal } from '../../support/hpack.js';

const octets = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'));

const name = fc.oneof(
  fc.constantFrom(':status', ':path', 'content-type', 'grpc-status', 'grpc-message', 'user-agent', 'via'),
  octets(12),
);
const value = fc.oneof(fc.constantFrom('', '0', '200', '/', 'gzip, deflate', 'trailers'), octets(90));

/** What happens to an encoder: a list of the pool's fields is sent, or the peer sets a table size. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.nat(), { maxLength: 12 }) },
  fc.oneof(fc.nat(300), fc.nat(5000), fc.constantFrom(0, 4096, 65_536, 2 ** 32 - 1)),
);

test('what our encoder sends our decoder gets, through any changes of the table size', () => {
  const field = fc
    .tuple(name, value, fc.boolean())
    .map(([name, value, again]) => (again ? repeated(name, value) : new Field(name, value)));
  fc.assert(
    fc.property(
      fc.array(field, { minLength: 1, maxLength: 12 }),
      fc.array(step, { maxLength: 30 }),
      (pool, steps) => {
        const encoder = new HpackEncoder();
        const decoder = new HpackDecoder({ tableBytes: 4096, listBytes: 1e6 });
        for (const step of steps) {
          if (typeof step === 'number') {
            encoder.setTableBytes(step);
            continue;
          }
          const fields = step.map((n) => pool[n % pool.length]!);
          const block = Buffer.alloc(blockBytesMax(fields) + 1);
          const end = encoder.encode(fields, block, 1);
          assert.ok(end <= block.length);
          assert.deepEqual(pairs(decoder.decode(block, 1, end)), pairs(fields));
        }
      },
    ),
    { seed: 7541, numRuns: 500 },
  );
});

const representation: fc.Arbitrary<Buffer> = fc.oneof(
  fc.integer({ min: 1, max: 66 }).map(indexed),
  fc
    .record({
      mode: fc.constantFrom('insert' as const, 'insert' as const, 'plain' as const, 'never' as const),
      name: fc.oneof(fc.integer({ min: 1, max: 64 }), name),
      value: fc.oneof({ weight: 4, arbitrary: value }, octets(700)),
      huffman: fc.boolean(),
    })
    .map((shape: Literal) => literal(shape)),
);

/** Blocks as a client might send them, but for indices beyond the table. */
const block = fc
  .tuple(
    fc.array(
      fc.oneof(fc.nat(200), fc.nat(4200)).map((bytes) => sizeUpdate(bytes)),
      { maxLength: 1 },
    ),
    fc.array(representation, { maxLength: 8 }),
  )
  .map(([updates, fields]) => Buffer.concat([...updates, ...fields]));

const mutation = fc.record({
  at: fc.nat(),
  octet: fc.nat(255),
  kind: fc.constantFrom('set', 'cut', 'insert'),
});

function mutate(block: Buffer, { at, octet, kind }: { at: number; octet: number; kind: string }): Buffer {
  const place = at % (block.length + 1);
  const rest = kind === 'insert' ? place : place + 1;
  const middle = kind === 'cut' ? [] : [octet];
  return Buffer.concat([block.subarray(0, place), Buffer.from(middle), block.subarray(rest)]);
}

function listBytes(fields: readonly [string, string][]): number {
  return fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
}

/** A decoder with a list limit must answer as one without, but for the lists above the limit. */
function agree(limitBytes: number, blocks: readonly Buffer[]): void {
  const limited = new HpackDecoder({ tableBytes: 4096, listBytes: limitBytes });
  const free = new HpackDecoder({ tableBytes: 4096, listBytes: 1e9 });
  for (const block of blocks) {
    const expected = decoded(free, block);
    const tooLarge = typeof expected !== 'string' && listBytes(expected) > limitBytes;
    assert.deepEqual(decoded(limited, block), tooLarge ? 'too-large' : expected);
    // Neither is a broken block the end: what was done before stays in step.
  }
}

const limit = fc.oneof(fc.nat(100), fc.nat(1500));

test('a decoder with a list limit stays in step with one without, over valid blocks', () => {
  fc.assert(fc.property(limit, fc.array(block, { maxLength: 12 }), agree), { seed: 7541, numRuns: 300 });
});

test('mutated blocks give fields or a failure, and limits change nothing else', () => {
  const mutated = fc
    .tuple(block, fc.array(mutation, { maxLength: 4 }))
    .map(([block, mutations]) => mutations.reduce(mutate, block));
  fc.assert(fc.property(limit, fc.array(mutated, { maxLength: 12 }), agree), { seed: 7541, numRuns: 400 });
});

test('random bytes give fields or a failure, and limits change nothing else', () => {
  const random = fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes));
  fc.assert(fc.property(limit, fc.array(random, { maxLength: 12 }), agree), { seed: 7541, numRuns: 1000 });
});
