import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HandOffSize } from '../../src/scheduling/hand-off.js';

function measured(runUs: number): HandOffSize {
  const size = new HandOffSize();
  size.observe(1, runUs);
  return size;
}

test('one run is handed over until the first was measured', () => {
  assert.equal(new HandOffSize().most(100, 1), 1);
});

for (const [runUs, waiting, idle, expected] of [
  [10, 100, 1, 16],
  [10, 5, 1, 5],
  [10, 5, 2, 3],
  [10, 0, 1, 1],
  [10, 100, 0, 16],
  [100, 100, 1, 3],
  [150, 100, 1, 2],
  [151, 100, 1, 1],
  [100_000, 100, 1, 1],
  [0, 100, 1, 16],
] as const) {
  test(`of ${waiting} that wait for ${idle} instances, with runs of ${runUs} us, ${expected} go at once`, () => {
    assert.equal(measured(runUs).most(waiting, idle), expected);
  });
}

test('the estimate follows what is measured, hand-off by hand-off', () => {
  const size = measured(10);
  for (let i = 0; i < 30; i++) size.observe(10, 10 * 1000);
  assert.equal(size.most(100, 1), 1);
  for (let i = 0; i < 40; i++) size.observe(4, 4 * 20);
  assert.equal(size.most(100, 1), 14);
});
