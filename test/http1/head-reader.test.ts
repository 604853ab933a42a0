import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { HeadReader } from '../../src/http1/head-reader.js';
import { Malformed, type RequestHead } from '../../src/http1/request-head.js';

function reader(headBytesMax = 65_536): HeadReader {
  return new HeadReader(headBytesMax, { last: undefined });
}

/** Reads heads from parts, each of which lies in the middle of other bytes. */
function readAll(heads: HeadReader, parts: readonly Buffer[]): RequestHead[] {
  const found: RequestHead[] = [];
  for (const part of parts) {
    const around = Buffer.concat([Buffer.from('\r\n\r\n'), part, Buffer.from('\r\n\r\nGET')]);
    const end = 4 + part.byteLength;
    for (let at = 4; at < end; at += heads.taken) {
      const head = heads.read(around, at, end);
      if (head !== undefined) found.push(head);
      assert.ok(heads.taken > 0 && at + heads.taken <= end);
    }
  }
  return found;
}

const texts = [
  'GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n',
  'POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nA: b\r\n\r\n',
  'GET / HTTP/1.0\r\n\r\n',
];

describe('heads', () => {
  test('are the same however their bytes are split, however often they come', () => {
    const choice = fc.array(fc.nat(texts.length - 1), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(choice, fc.array(fc.nat(500), { maxLength: 30 }), fc.nat(2), (which, cuts, blanks) => {
        const bytes = Buffer.from(which.map((one) => '\r\n'.repeat(blanks) + texts[one]!).join(''));
        const ends = [...new Set([...cuts.filter((cut) => cut < bytes.byteLength), 0, bytes.byteLength])];
        ends.sort((a, b) => a - b);
        const parts = ends.slice(1).map((end, i) => bytes.subarray(ends[i], end));
        const heads = reader();
        const found = readAll(heads, parts);
        assert.deepEqual(
          found.map(({ url, method, minor }) => `${method} ${url} HTTP/1.${minor}`),
          which.map((one) => texts[one]!.split('\r\n')[0]),
        );
        assert.equal(heads.begun, false);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test('are read byte by byte', () => {
    const bytes = Buffer.from(texts.join(''));
    assert.equal(
      readAll(
        reader(),
        Array.from(bytes, (byte) => Buffer.from([byte])),
      ).length,
      texts.length,
    );
  });

  test('that are equal are one object, on other connections too', () => {
    const shared = { last: undefined };
    const [one, other] = [new HeadReader(65_536, shared), new HeadReader(65_536, shared)];
    const [text] = texts;
    const [first, second] = readAll(one, [Buffer.from(text + text!)]);
    const [third] = readAll(other, [Buffer.from(text!)]);
    assert.ok(first !== undefined && first === second && first === third);
  });

  test('that are longer than allowed are refused, before and behind their end', () => {
    const long = Buffer.from(`GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(2000)}`);
    const overflow = (error: unknown): boolean => error instanceof Malformed && error.status === 431;
    assert.throws(() => readAll(reader(1000), [long]), overflow);
    assert.throws(() => readAll(reader(1000), [long.subarray(0, 900), long.subarray(900)]), overflow);
    assert.throws(() => readAll(reader(1000), [Buffer.concat([long, Buffer.from('\r\n\r\n')])]), overflow);
    assert.equal(readAll(reader(3000), [long, Buffer.from('\r\n\r\n')]).length, 1);
  });

  test('that do not begin as one are refused at their first byte', () => {
    for (const text of ['\x16\x03\x01', '\0', ' GET', '{"a":1}']) {
      assert.throws(() => readAll(reader(), [Buffer.from(text)]), Malformed);
    }
  });
});
