import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recorder } from '../../src/loadtest/recorder.js';
import { figureCells, formatTable, toFigures } from '../../src/loadtest/report.js';

test('figures are rates and quantiles of what was answered', () => {
  const latency = new Recorder();
  for (let us = 1; us <= 100; us++) latency.record(us);
  const figures = toFigures({
    answeredCount: 100,
    failedCount: 1,
    elapsedMs: 500,
    latency: latency.data,
    failures: new Map(),
  });
  assert.deepEqual(figures, {
    requests: 100,
    failed: 1,
    requestsPerSecond: 200,
    p50Us: 50,
    p95Us: 95,
    p99Us: 99,
    maxUs: 100,
  });
  assert.deepEqual(figureCells(figures), ['100', '1', '200', '0.05', '0.10', '0.10', '0.10']);
});

test('a table has text to the left and numbers to the right', () => {
  const table = formatTable(
    ['name', 'n'],
    [
      ['a', '10'],
      ['long', '5'],
    ],
  );
  assert.equal(table, ['name   n', '----  --', 'a     10', 'long   5'].join('\n'));
});
