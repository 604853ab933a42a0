import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { formatScore } from '../../src/models/score.js';
import { root } from '../support/server.js';

test("scores are printed as Python's %f prints them, on a table of 200 values", () => {
  const file = path.join(root, 'test/models/fixtures/scores.json');
  const rows = JSON.parse(readFileSync(file, 'utf8')) as [string, string][];
  assert.equal(rows.length, 200);
  for (const [bits, expected] of rows) {
    assert.equal(formatScore(Buffer.from(bits, 'hex').readDoubleBE(), true), expected, bits);
  }
});

test('whole numbers are printed with all their digits and no decimals', () => {
  assert.equal(formatScore(-128, false), '-128');
  assert.equal(formatScore(18446744073709551615n, false), '18446744073709551615');
});
