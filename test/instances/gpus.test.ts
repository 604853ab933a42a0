import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countVisible, findGpus } from '../../src/instances/gpus.js';

for (const [visible, count] of [
  ['', 0],
  ['0', 1],
  ['3,1', 2],
  ['GPU-8932f937-d72c-4106-c12f-20bd9faed9f6,2', 2],
  ['1,-1,2', 1],
  ['NoDevFiles', 0],
] as const) {
  test(`CUDA_VISIBLE_DEVICES '${visible}' shows ${count} GPUs`, () => {
    assert.equal(countVisible(visible), count);
  });
}

test('without the CUDA libraries there is no GPU to run on', () => {
  assert.deepEqual(findGpus('0'), []);
});
