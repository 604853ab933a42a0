import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TensorSpec } from '../../../src/config/tensor-spec.js';
import {
  checkModel,
  type OrtMetadata,
  type ValueMetadata,
} from '../../../src/instances/backends/onnx-checks.js';

// models.md 3.5: which inputs may be left out.

function spec(name: string, dims: readonly number[], about: Partial<TensorSpec> = {}): TensorSpec {
  return { name, datatype: 'FP32', dims, modelDims: dims, optional: false, labelFile: '', ...about };
}

function value(name: string, shape: readonly (number | string)[]): ValueMetadata {
  return { name, isTensor: true, shape, type: 'float32' };
}

interface Case {
  readonly why: string;
  readonly maxBatchSize: number;
  readonly inputs: readonly TensorSpec[];
  readonly model: Pick<OrtMetadata, 'inputs' | 'overridden'>;
}

function check({ maxBatchSize, inputs, model }: Case): void {
  checkModel({ name: 'm', maxBatchSize, inputs, outputs: [] }, { outputs: [], ...model });
}

const refused: readonly (Case & { readonly message: string })[] = [
  {
    why: 'an optional input of a model that batches',
    maxBatchSize: 4,
    inputs: [spec('A', [1]), spec('B', [1], { optional: true })],
    model: { inputs: [value('A', ['n', 1])] },
    message: "unable to load model 'm', optional input 'B' is not supported for models that support batching",
  },
  {
    why: 'an optional input that the model has not',
    maxBatchSize: 0,
    inputs: [spec('A', [1]), spec('B', [1], { optional: true })],
    model: { inputs: [value('A', [1])] },
    message: "unexpected inference input 'B', allowed inputs are: A",
  },
  {
    why: 'an optional input that the model requires',
    maxBatchSize: 0,
    inputs: [spec('A', [1]), spec('B', [1], { optional: true })],
    model: { inputs: [value('A', [1]), value('B', [1])] },
    message: "unable to load model 'm', configuration expects 1 inputs, model provides 2",
  },
  {
    why: 'a required input that the model has a value for',
    maxBatchSize: 0,
    inputs: [spec('A', [1]), spec('B', [1])],
    model: { inputs: [value('A', [1])] },
    message: "unable to load model 'm', configuration expects 2 inputs, model provides 1",
  },
  {
    why: 'other dims of an optional input',
    maxBatchSize: 0,
    inputs: [spec('A', [1]), spec('B', [2], { optional: true })],
    model: { inputs: [value('A', [1]), value('B', [3])], overridden: new Set(['B']) },
    message:
      "model 'm', tensor 'B': the model expects 1 dimensions (shape [3]) but the model configuration specifies 1 dimensions (shape [2])",
  },
];

for (const one of refused) {
  test(`a config is refused: ${one.why}`, () => {
    assert.throws(() => check(one), { message: one.message, code: 'invalid-argument' });
  });
}

test('an optional input may stand in place of a value of the model', () => {
  check({
    why: 'an optional input in place of a value of the model',
    maxBatchSize: 0,
    inputs: [spec('A', [1]), spec('B', [2], { optional: true })],
    model: { inputs: [value('A', [1]), value('B', [2])], overridden: new Set(['B']) },
  });
});
