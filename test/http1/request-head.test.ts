import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  chunked,
  findHeadEnd,
  Malformed,
  parseHead,
  type RequestHead,
} from '../../src/http1/request-head.js';

/** Reads a head whose lines are given. */
function read(...lines: string[]): RequestHead {
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  assert.equal(findHeadEnd(bytes, { start: 0, from: 0, end: bytes.byteLength }), bytes.byteLength);
  return parseHead(bytes, 0, bytes.byteLength);
}

const first = 'POST /v2/models/m/infer HTTP/1.1';

describe('a head', () => {
  test('is its first line and its fields, without the blanks around their values', () => {
    const head = read(first, 'Host: x', 'X-One:\t a b \t', 'x-one:c', 'Empty:', 'Content-Length: 12');
    assert.equal(head.method, 'POST');
    assert.equal(head.url, '/v2/models/m/infer');
    assert.deepEqual(
      { ...head.headers },
      { host: 'x', 'x-one': 'a b, c', empty: '', 'content-length': '12' },
    );
    assert.deepEqual(head.rawHeaders.slice(2, 6), ['X-One', 'a b', 'x-one', 'c']);
    assert.equal(head.bodyBytes, 12);
  });

  test('may name a field like something that every object has', () => {
    const { headers } = read(first, 'Host: x', '__proto__: a', 'constructor: b');
    assert.deepEqual(
      [headers['__proto__'], headers['constructor'], headers['toString']],
      ['a', 'b', undefined],
    );
  });

  test('of fields that may be there once has the first one, as in Node', () => {
    const { headers } = read(
      first,
      'Host: x',
      'Content-Type: a',
      'Content-Type: b',
      'Cookie: c',
      'Cookie: d',
    );
    assert.deepEqual([headers['content-type'], headers['cookie']], ['a', 'c; d']);
  });

  const persistence: readonly [lines: string[], persistent: boolean, asked: boolean][] = [
    [[first, 'Host: x'], true, false],
    [[first, 'Host: x', 'Connection: keep-alive'], true, true],
    [[first, 'Host: x', 'Connection: close'], false, false],
    [[first, 'Host: x', 'Connection: TE, Close'], false, false],
    [[first, 'Host: x', 'Connection: keep-alive', 'Connection: close'], false, false],
    [['GET / HTTP/1.0'], false, false],
    [['GET / HTTP/1.0', 'Connection: Keep-Alive'], true, true],
  ];
  for (const [lines, persistent, asked] of persistence) {
    test(`tells whether there will be another request: ${lines.join(' | ')}`, () => {
      const head = read(...lines);
      assert.deepEqual([head.persistent, head.asksToPersist], [persistent, asked]);
    });
  }

  test('tells how long the body is', () => {
    assert.equal(read(first, 'Host: x').bodyBytes, 0);
    assert.equal(read(first, 'Host: x', 'Transfer-Encoding: Chunked').bodyBytes, chunked);
    assert.equal(read(first, 'Host: x', 'Content-Length: 00').bodyBytes, 0);
  });

  test('may ask to be told to go on, in HTTP/1.1', () => {
    assert.equal(read(first, 'Host: x', 'Expect: 100-Continue').expectsContinue, true);
    assert.equal(read('POST / HTTP/1.0', 'Expect: 100-continue').expectsContinue, false);
  });
});

const refused: readonly [what: string, lines: string[], status: number][] = [
  ['a method that is none', ['GUESS / HTTP/1.1', 'Host: x'], 400],
  ['a method in small letters', ['get / HTTP/1.1', 'Host: x'], 400],
  ['no version', ['GET /', 'Host: x'], 400],
  ['two blanks', ['GET  / HTTP/1.1', 'Host: x'], 400],
  ['a blank in the path', ['GET /a b HTTP/1.1', 'Host: x'], 400],
  ['a version that nobody knows', ['GET / HTTP/2.0', 'Host: x'], 505],
  ['a version with more digits', ['GET / HTTP/1.10', 'Host: x'], 400],
  ['no host', [first, 'Accept: */*'], 400],
  ['two hosts', [first, 'Host: x', 'Host: x'], 400],
  ['a blank before the colon', [first, 'Host : x'], 400],
  ['a line that goes on in the next one', [first, 'Host: x', ' y'], 400],
  ['a tab that goes on', [first, 'Host: x', '\ty: z'], 400],
  ['a field without a name', [first, 'Host: x', ': y'], 400],
  ['a field without a colon', [first, 'Host: x', 'y'], 400],
  ['NUL in a value', [first, 'Host: x', 'y: a\0b'], 400],
  ['NUL in a name', [first, 'Host: x', 'y\0: a'], 400],
  ['a lone CR in a value', [first, 'Host: x', 'y: a\rb'], 400],
  ['an equal second length', [first, 'Host: x', 'Content-Length: 1', 'Content-Length: 1'], 400],
  ['another second length', [first, 'Host: x', 'Content-Length: 1', 'content-length: 2'], 400],
  ['a list of lengths', [first, 'Host: x', 'Content-Length: 1, 1'], 400],
  ['a length with a sign', [first, 'Host: x', 'Content-Length: +1'], 400],
  ['a negative length', [first, 'Host: x', 'Content-Length: -1'], 400],
  ['an empty length', [first, 'Host: x', 'Content-Length:'], 400],
  ['a hexadecimal length', [first, 'Host: x', 'Content-Length: 0x1'], 400],
  ['a length that no number holds', [first, 'Host: x', 'Content-Length: 99999999999999999999'], 400],
  ['a length beside chunks', [first, 'Host: x', 'Content-Length: 1', 'Transfer-Encoding: chunked'], 400],
  ['chunks beside a length', [first, 'Host: x', 'Transfer-Encoding: chunked', 'Content-Length: 1'], 400],
  ['chunks in HTTP/1.0', ['POST / HTTP/1.0', 'Transfer-Encoding: chunked'], 400],
  ['chunks twice', [first, 'Host: x', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], 501],
  ['a coding under chunks', [first, 'Host: x', 'Transfer-Encoding: gzip, chunked'], 501],
  ['a coding that is not chunks', [first, 'Host: x', 'Transfer-Encoding: gzip'], 400],
  ['chunks that are not last', [first, 'Host: x', 'Transfer-Encoding: chunked, gzip'], 400],
  ['chunks with a vertical tab', [first, 'Host: x', 'Transfer-Encoding: \x0bchunked'], 400],
  ['an empty coding', [first, 'Host: x', 'Transfer-Encoding:'], 400],
  ['something else that is expected', [first, 'Host: x', 'Expect: cake'], 417],
];

describe('a head is refused for', () => {
  for (const [what, lines, status] of refused) {
    test(what, () => {
      assert.throws(
        () => read(...lines),
        (error) => error instanceof Malformed && error.status === status,
      );
    });
  }

  for (const text of [
    'GET / HTTP/1.1\nHost: x\n\n',
    'GET / HTTP/1.1\r\nHost: x\n\r\n',
    '\nGET / HTTP/1.1\r\n',
  ]) {
    test(`an LF alone: ${JSON.stringify(text)}`, () => {
      const bytes = Buffer.from(text);
      assert.throws(() => findHeadEnd(bytes, { start: 0, from: 0, end: bytes.byteLength }), Malformed);
    });
  }
});
