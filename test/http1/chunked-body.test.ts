import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { BodySink } from '../../src/http1/body-sink.js';
import { ChunkedBody } from '../../src/http1/chunked-body.js';
import { Malformed } from '../../src/http1/request-head.js';

/** Reads parts of a body; what it was, and what of the last part is behind it. */
function read(parts: readonly Buffer[]): { data: string; over: boolean; rest: string } {
  const body = new ChunkedBody();
  let [data, rest] = ['', ''];
  const sink: BodySink = {
    onBytes: (bytes, start, end) => (data += bytes.toString('latin1', start, end)),
    onEnd() {},
    onGone() {},
  };
  for (const part of parts) {
    const stop = body.read(part, { at: 0, end: part.byteLength }, sink);
    rest += part.toString('latin1', stop);
  }
  return { data, over: body.over, rest };
}

const whole: readonly [text: string, data: string][] = [
  ['0\r\n\r\n', ''],
  ['5\r\nhello\r\n0\r\n\r\n', 'hello'],
  ['1;a=b\r\nx\r\nA\r\n0123456789\r\n000\r\nTrailer: x\r\nOther: y\r\n\r\n', 'x0123456789'],
  ['1;"q";\tz\r\n\r\r\n0;end\r\n\r\n', '\r'],
];

describe('chunks', () => {
  for (const [text, data] of whole) {
    test(`are joined, split anywhere or not: ${JSON.stringify(text)}`, () => {
      const bytes = Buffer.from(`${text}GET`);
      const expected = { data, over: true, rest: 'GET' };
      assert.deepEqual(read([bytes]), expected);
      assert.deepEqual(read(Array.from(bytes, (byte) => Buffer.from([byte]))), expected);
      for (let cut = 1; cut < bytes.byteLength; cut++) {
        assert.deepEqual(read([bytes.subarray(0, cut), bytes.subarray(cut)]), expected);
      }
    });
  }

  test('of any size bring what was sent', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, maxLength: 300, unit: 'binary-ascii' })),
        fc.nat(400),
        (data, cut) => {
          const text = data.map((one) => `${one.length.toString(16)}\r\n${one}\r\n`).join('');
          const bytes = Buffer.from(`${text}0\r\n\r\n`, 'latin1');
          const { data: got, over } = read([bytes.subarray(0, cut), bytes.subarray(cut)]);
          assert.deepEqual([got, over], [data.join(''), true]);
        },
      ),
      { seed: 2, numRuns: 200 },
    );
  });

  const bad: readonly string[] = [
    '\r\n',
    'g\r\n',
    '-1\r\n',
    '+1\r\n',
    '0x1\r\n',
    ' 1\r\n',
    '1 \r\n',
    '1\n',
    '1;a\n',
    ';a\r\n',
    '1;\0\r\n',
    '1\rx',
    '1\r\nab',
    '1\r\na\n',
    '1\r\na\rb',
    '1000000000000\r\n',
    '0\r\n\n',
    '0\r\n\rx',
    '0\r\n a: b\r\n',
    '0\r\na: b\n',
    '0\r\na: \0\r\n',
    `1;${'x'.repeat(20_000)}`,
    `0\r\na: ${'x'.repeat(20_000)}`,
  ];
  for (const text of bad) {
    test(`are refused: ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.throws(() => read([Buffer.from(text)]), Malformed);
    });
  }

  test('have extensions that are bounded over all of them', () => {
    assert.throws(() => read([Buffer.from('1;aaaaaaaaaa\r\nx\r\n'.repeat(2000))]), Malformed);
  });
});
