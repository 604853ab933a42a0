import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Field } from '../../src/http2/hpack/field.js';
import { areTrailers, readRequestHead } from '../../src/http2/request-head.js';

type Pairs = readonly (readonly [name: string, value: string])[];

const fields = (pairs: Pairs): Field[] => pairs.map(([name, value]) => new Field(name, value));
const read = (pairs: Pairs): ReturnType<typeof readRequestHead> => readRequestHead(fields(pairs));

const good: Pairs = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/a'],
  [':authority', 'host:1'],
];

/** What makes a request malformed where it is added to a good one. */
const malformedFields: Pairs = [
  ['Upper', 'x'],
  ['', 'x'],
  ['with space', 'x'],
  ['with:colon', 'x'],
  ['with\0nul', 'x'],
  ['del\x7f', 'x'],
  ['\xe4', 'x'],
  ['x', ' leading'],
  ['x', 'trailing\t'],
  ['x', 'a\nb'],
  ['x', 'a\rb'],
  ['x', 'a\0b'],
  ['connection', 'close'],
  ['proxy-connection', 'close'],
  ['keep-alive', '1'],
  ['transfer-encoding', 'chunked'],
  ['upgrade', 'h2c'],
  ['te', 'gzip'],
  ['te', 'trailers, gzip'],
  ['content-length', ''],
  ['content-length', '-1'],
  ['content-length', '1a'],
  ['content-length', '1,1'],
  ['content-length', '1234567890123456'],
  [':status', '200'],
  [':unknown', 'x'],
  [':', 'x'],
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/a'],
  [':authority', 'host:1'],
];

const wellFormedFields: Pairs = [
  ['x', ''],
  ['x', 'in the\tmiddle'],
  ['x', '\x80\xff'],
  ["!#$%&'*+-.^_`|~09az", 'x'],
  ['te', 'trailers'],
  ['content-length', '0'],
  ['content-length', '123456789012345'],
  ['host', 'another'],
  ['cookie', 'a=b; c=d'],
];

describe('a request head', () => {
  test('says what its fields say, in any order of the pseudo-header fields', () => {
    const head = read([...good.toReversed(), ['content-length', '12'], ['x', 'y']]);
    assert.equal(head?.method, 'POST');
    assert.equal(head.scheme, 'http');
    assert.equal(head.path, '/a');
    assert.equal(head.authority, 'host:1');
    assert.equal(head.contentLength, 12);
    assert.equal(head.fields.length, 6);
  });

  test('without content-length says -1', () => assert.equal(read(good)?.contentLength, -1));

  test('needs no authority', () => assert.equal(read(good.slice(0, 3))?.authority, ''));

  for (const [name, value] of malformedFields) {
    test(`with ${JSON.stringify(name)}: ${JSON.stringify(value)} besides is malformed, twice over`, () => {
      const list = fields([...good, [name, value]]);
      assert.equal(readRequestHead(list), undefined);
      // What was found out about a field is kept with it.
      assert.equal(readRequestHead(list), undefined);
    });
  }

  for (const [name, value] of wellFormedFields) {
    test(`with ${JSON.stringify(name)}: ${JSON.stringify(value)} besides is well formed`, () => {
      assert.notEqual(read([...good, [name, value]]), undefined);
    });
  }

  for (const missing of [':method', ':scheme', ':path']) {
    test(`without ${missing} or with an empty one is malformed`, () => {
      assert.equal(read(good.filter(([name]) => name !== missing)), undefined);
      assert.equal(read(good.map(([name, value]) => [name, name === missing ? '' : value])), undefined);
    });
  }

  test('with a pseudo-header field behind another field is malformed', () => {
    for (const before of ['x', 'content-length']) {
      assert.equal(read([...good.slice(0, 3), [before, '1'], good[3]!]), undefined);
    }
  });

  test('with two content-lengths is well formed only when they agree', () => {
    const twice = (other: string): Pairs => [...good, ['content-length', '5'], ['content-length', other]];
    assert.equal(read(twice('5'))?.contentLength, 5);
    assert.equal(read(twice('6')), undefined);
  });

  test('of CONNECT has an authority and neither scheme nor path', () => {
    const connect: Pairs = [
      [':method', 'CONNECT'],
      [':authority', 'host:1'],
    ];
    assert.equal(read(connect)?.method, 'CONNECT');
    assert.equal(read(connect.slice(0, 1)), undefined);
    assert.equal(read([...connect, [':path', '/']]), undefined);
    assert.equal(read([...connect, [':scheme', 'http']]), undefined);
  });

  test('of nothing is malformed', () => assert.equal(read([]), undefined));
});

describe('trailers', () => {
  test('are any regular fields, or none', () => {
    assert.ok(areTrailers([]));
    assert.ok(areTrailers(fields(wellFormedFields)));
  });

  for (const [name, value] of [...malformedFields, ...good]) {
    test(`with ${JSON.stringify(name)}: ${JSON.stringify(value)} are malformed`, () => {
      assert.ok(
        !areTrailers(
          fields([
            ['x', 'y'],
            [name, value],
          ]),
        ),
      );
    });
  }
});
