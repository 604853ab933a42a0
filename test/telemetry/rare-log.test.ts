import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RareLog } from '../../src/telemetry/rare-log.js';

test('a line in ten seconds is written, and says how many were not', () => {
  const lines: string[] = [];
  let nowUs = 0;
  const log = new RareLog({ warning: (line) => void lines.push(line) }, () => nowUs);
  for (; nowUs < 10_000_000; nowUs += 1_000_000) log.warning(`at ${nowUs}`);
  log.warning('again');
  nowUs += 10_000_000;
  log.warning('alone');
  assert.deepEqual(lines, ['at 0', 'again (and 9 more such lines since the last one)', 'alone']);
});
