import assert from 'node:assert/strict';
import { test } from 'node:test';
import { responseCoding } from '../../../src/frontends/http/compression.js';

const chosen: readonly [accepted: string | undefined, coding: string][] = [
  [undefined, 'identity'],
  ['', 'identity'],
  ['gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['gzip, deflate', 'gzip'],
  ['deflate, gzip', 'deflate'],
  ['identity, gzip', 'identity'],
  ['gzip;q=0.5, deflate', 'deflate'],
  ['gzip;q=0.5, deflate;q=0.6, identity;q=0.1', 'deflate'],
  ['gzip;q=0', 'identity'],
  ['gzip;q=x, deflate;q=0.1', 'deflate'],
  ['*', 'identity'],
  ['br, *;q=0.1', 'identity'],
  [' gzip ; q=1.0', 'gzip'],
  [',;,', 'identity'],
];

for (const [accepted, coding] of chosen) {
  test(`a client that accepts '${accepted}' gets ${coding}`, () => {
    assert.equal(responseCoding(accepted), coding);
  });
}
