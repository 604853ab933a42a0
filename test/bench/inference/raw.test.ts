import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { batchSizes, rawAt, type RawFigures } from '../../../bench/inference/raw.js';

function figures(batch: number, runsPerSecond: number): RawFigures {
  const times = { p50Us: 0, p99Us: 0 };
  return { model: 'm', batch, runsPerSecond, inferencesPerSecond: batch * runsPerSecond, ...times };
}

describe('rawAt', () => {
  const raws = [figures(1, 1000), figures(2, 500), figures(4, 400)];

  it('tells what was measured at a batch size', () => {
    assert.equal(rawAt(raws, { model: 'm', batch: 2 }), 1000);
  });

  it('draws the time of a run straight between two sizes', () => {
    // 2 rows take 2 ms and 4 rows 2.5 ms: 3 rows take 2.25 ms.
    assert.equal(Math.round(rawAt(raws, { model: 'm', batch: 3 })!), Math.round(3 / 0.00225));
  });

  it('takes the best size where the batch is unknown', () => {
    assert.equal(rawAt(raws, { model: 'm', batch: undefined }), 1600);
  });

  it('knows nothing of a model that was not measured', () => {
    assert.equal(rawAt(raws, { model: 'other', batch: 1 }), undefined);
  });
});

describe('batchSizes', () => {
  it('doubles from 1 and ends with the largest', () => {
    assert.deepEqual(batchSizes(8), [1, 2, 4, 8]);
    assert.deepEqual(batchSizes(6), [1, 2, 4, 6]);
    assert.deepEqual(batchSizes(1), [1]);
  });
});
