import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TensorFacts } from '../../../src/config/model-facts.js';
import { checkFacts } from '../../../src/instances/backends/onnx-checks.js';

/** What `checkFacts` says of one input of the config and the model's. */
function checkInput(maxBatchSize: number, dims: readonly number[], facts: Partial<TensorFacts>): void {
  const known = { kind: 'tensor', name: 'A', datatype: 'FP32', elementType: 'FLOAT', ranked: true } as const;
  checkFacts(
    {
      name: 'm',
      maxBatchSize,
      inputs: [{ name: 'A', datatype: 'FP32', dims, modelDims: dims, optional: false, labelFile: '' }],
      outputs: [],
    },
    { inputs: [{ ...known, shape: [], ...facts }], outputs: [], initializers: [] },
  );
}

const batchless =
  "model 'm', tensor 'A': for the model to support batching the shape should have at least 1 dimension and the first dimension must be -1; but shape expected by the model is []";

test('models.md 3.5: a scalar takes dims of one element, and no batch', () => {
  assert.doesNotThrow(() => checkInput(0, [1, 1], {}));
  assert.throws(() => checkInput(0, [2], {}), {
    code: 'invalid-argument',
    message:
      "unable to load model 'm', scalar tensor 'A', should only provide 1 in the model configuration when the model doesn't support batching. Model configuration provided: [2].",
  });
  assert.throws(() => checkInput(4, [1], {}), { code: 'invalid-argument', message: batchless });
});

test('a tensor of unknown rank is not held against the dims', () => {
  assert.doesNotThrow(() => checkInput(0, [2, 3], { ranked: false }));
  assert.doesNotThrow(() => checkInput(4, [2], { ranked: false }));
  assert.throws(() => checkInput(4, [], { ranked: false }), { message: batchless });
});

test('models.md 3.5: an element type without a datatype is named as ONNX names it', () => {
  assert.throws(() => checkInput(0, [1], { datatype: undefined, elementType: 'FLOAT8E5M2' }), {
    message:
      "unable to load model 'm', configuration expects datatype TYPE_FP32 for input 'A', model provides TYPE_FLOAT8E5M2",
  });
});

test('a dimension of 0, which a config cannot say, is described by -1 and by nothing else', () => {
  assert.doesNotThrow(() => checkInput(0, [2, -1], { shape: [2, 0] }));
  assert.throws(() => checkInput(0, [2, 1], { shape: [2, 0] }), {
    code: 'invalid-argument',
    message:
      "model 'm', tensor 'A': the model expects 2 dimensions (shape [2,0]) but the model configuration specifies 2 dimensions (shape [2,1])",
  });
});
