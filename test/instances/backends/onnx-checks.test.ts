import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelSpec, TensorSpec } from '../../../src/config/tensor-spec.js';
import { InferenceError } from '../../../src/inference/error.js';
import {
  checkModel,
  isScalar,
  planOutputs,
  type OrtMetadata,
  type ValueMetadata,
} from '../../../src/instances/backends/onnx-checks.js';

function spec(name: string, dims: readonly number[], about: Partial<TensorSpec> = {}): TensorSpec {
  return { name, datatype: 'FP32', dims, modelDims: dims, optional: false, labelFile: '', ...about };
}

function value(name: string, shape: readonly (number | string)[], type = 'float32'): ValueMetadata {
  return { name, isTensor: true, shape, type } as ValueMetadata;
}

const notTensor: ValueMetadata = { name: 'A', isTensor: false };

interface Case {
  readonly why: string;
  readonly maxBatchSize: number;
  readonly inputs: readonly TensorSpec[];
  readonly outputs?: readonly TensorSpec[];
  readonly model: Partial<OrtMetadata>;
}

function check({ maxBatchSize, inputs, outputs = [], model }: Case): void {
  const config: ModelSpec = { name: 'm', maxBatchSize, inputs, outputs };
  checkModel(config, { inputs: [], outputs: [], ...model });
}

const accepted: readonly Case[] = [
  {
    why: 'equal dims behind a free batch',
    maxBatchSize: 4,
    inputs: [spec('A', [3])],
    model: { inputs: [value('A', ['n', 3])] },
  },
  {
    why: 'dims narrower than a free one of an input',
    maxBatchSize: 0,
    inputs: [spec('A', [3])],
    model: { inputs: [value('A', ['n'])] },
  },
  {
    why: 'an unnamed free dimension',
    maxBatchSize: 0,
    inputs: [spec('A', [-1])],
    model: { inputs: [value('A', [''])] },
  },
  {
    why: 'the dims of a reshape',
    maxBatchSize: 4,
    inputs: [spec('A', [1], { modelDims: [] })],
    model: { inputs: [value('A', ['n'])] },
  },
  {
    why: 'a scalar whose dims are one',
    maxBatchSize: 0,
    inputs: [spec('A', [1])],
    model: { inputs: [value('A', [])] },
  },
  {
    why: 'strings',
    maxBatchSize: 0,
    inputs: [spec('A', [1], { datatype: 'BYTES' })],
    model: { inputs: [value('A', [1], 'string')] },
  },
  {
    why: 'some of the outputs of the model',
    maxBatchSize: 0,
    inputs: [],
    outputs: [spec('Y', [-1, 2])],
    model: { outputs: [value('X', [1]), value('Y', ['n', 2])] },
  },
];

for (const one of accepted) {
  test(`a config fits its model: ${one.why}`, () => check(one));
}

interface Refused extends Case {
  readonly code?: string;
  readonly message: string;
}

const refused: readonly Refused[] = [
  {
    why: 'too few inputs',
    maxBatchSize: 0,
    inputs: [spec('A', [1])],
    model: { inputs: [value('A', [1]), value('B', [1])] },
    message: "unable to load model 'm', configuration expects 1 inputs, model provides 2",
  },
  {
    why: 'an input that the model has not',
    maxBatchSize: 0,
    inputs: [spec('A', [1]), spec('C', [1])],
    model: { inputs: [value('A', [1]), value('B', [1])] },
    message: "unexpected inference input 'C', allowed inputs are: A, B",
  },
  {
    why: 'an output that the model has not',
    maxBatchSize: 0,
    inputs: [],
    outputs: [spec('Z', [1])],
    model: { outputs: [value('X', [1]), value('Y', [1])] },
    message: "unexpected inference output 'Z', allowed outputs are: X, Y",
  },
  {
    why: 'a sequence or map',
    maxBatchSize: 0,
    inputs: [spec('A', [1])],
    model: { inputs: [notTensor] },
    code: 'unsupported',
    message: "Unsupported ONNX Type 'ONNX_TYPE_UNKNOWN' for I/O 'A', expected 'ONNX_TYPE_TENSOR'.",
  },
  {
    why: 'another datatype of an input',
    maxBatchSize: 0,
    inputs: [spec('A', [1])],
    model: { inputs: [value('A', [1], 'int32')] },
    message:
      "unable to load model 'm', configuration expects datatype TYPE_FP32 for input 'A', model provides TYPE_INT32",
  },
  {
    why: 'strings where numbers are expected',
    maxBatchSize: 0,
    inputs: [],
    outputs: [spec('X', [1])],
    model: { outputs: [value('X', [1], 'string')] },
    message:
      "unable to load model 'm', configuration expects datatype TYPE_FP32 for output 'X', model provides TYPE_BYTES",
  },
  {
    why: 'numbers where strings are expected',
    maxBatchSize: 0,
    inputs: [spec('A', [1], { datatype: 'BYTES' })],
    model: { inputs: [value('A', [1], 'float16')] },
    message:
      "unable to load model 'm', configuration expects datatype TYPE_STRING for input 'A', model provides TYPE_FP16",
  },
  {
    why: 'batching with a fixed first dimension',
    maxBatchSize: 4,
    inputs: [spec('A', [3])],
    model: { inputs: [value('A', [1, 3])] },
    message:
      "model 'm', tensor 'A': for the model to support batching the shape should have at least 1 dimension and the first dimension must be -1; but shape expected by the model is [1,3]",
  },
  {
    why: 'batching with a scalar',
    maxBatchSize: 4,
    inputs: [spec('A', [1], { modelDims: [] })],
    model: { inputs: [value('A', [])] },
    message:
      "model 'm', tensor 'A': for the model to support batching the shape should have at least 1 dimension and the first dimension must be -1; but shape expected by the model is []",
  },
  {
    why: 'batching with other dims',
    maxBatchSize: 4,
    inputs: [spec('A', [3, 3])],
    model: { inputs: [value('A', ['n', 3])] },
    message:
      "model 'm', tensor 'A': the model expects 2 dimensions (shape [-1,3]) but the model configuration specifies 3 dimensions (an initial batch dimension because max_batch_size > 0 followed by the explicit tensor shape, making complete shape [-1,3,3])",
  },
  {
    why: 'other dims without batching',
    maxBatchSize: 0,
    inputs: [spec('A', [4])],
    model: { inputs: [value('A', [3])] },
    message:
      "model 'm', tensor 'A': the model expects 1 dimensions (shape [3]) but the model configuration specifies 1 dimensions (shape [4])",
  },
  {
    why: 'a free dimension where the model fixes it',
    maxBatchSize: 0,
    inputs: [spec('A', [-1])],
    model: { inputs: [value('A', [3])] },
    message:
      "model 'm', tensor 'A': the model expects 1 dimensions (shape [3]) but the model configuration specifies 1 dimensions (shape [-1])",
  },
  {
    why: 'an output narrower than the model says',
    maxBatchSize: 0,
    inputs: [],
    outputs: [spec('X', [3])],
    model: { outputs: [value('X', ['n'])] },
    message:
      "model 'm', tensor 'X': the model expects 1 dimensions (shape [-1]) but the model configuration specifies 1 dimensions (shape [3])",
  },
  {
    why: 'the dims of a reshape that does not fit',
    maxBatchSize: 0,
    inputs: [spec('A', [4], { modelDims: [2, 2] })],
    model: { inputs: [value('A', [4])] },
    message:
      "model 'm', tensor 'A': the model expects 1 dimensions (shape [4]) but the model configuration specifies 2 dimensions (shape [2,2])",
  },
];

for (const one of refused) {
  test(`a config is refused: ${one.why}`, () => {
    assert.throws(
      () => check(one),
      (error) => {
        assert.ok(error instanceof InferenceError);
        assert.equal(error.message, one.message);
        assert.equal(error.code, one.code ?? 'invalid-argument');
        return true;
      },
    );
  });
}

test('an input is a scalar when the model gives it no shape and its dims are ones', () => {
  const known = [value('A', []), value('B', [1])];
  assert.equal(isScalar(spec('A', [1]), known), true);
  assert.equal(isScalar(spec('A', [2]), known), false);
  assert.equal(isScalar(spec('B', [1]), known), false);
});

const unknown = { rowShape: undefined, rowBytes: 0 };

const plans = [
  {
    why: 'fixed dims behind the batch of the inputs',
    maxBatchSize: 4,
    output: value('X', ['n', 2, 3]),
    plan: { rowShape: [2, 3], rowBytes: 24 },
  },
  { why: 'a batch that is no input’s', maxBatchSize: 4, output: value('X', ['k', 2]), plan: unknown },
  { why: 'a batch without a name', maxBatchSize: 4, output: value('X', ['', 2]), plan: unknown },
  { why: 'a free dimension', maxBatchSize: 4, output: value('X', ['n', 'm']), plan: unknown },
  {
    why: 'fixed dims without batching',
    maxBatchSize: 0,
    output: value('X', [2]),
    plan: { rowShape: [2], rowBytes: 8 },
  },
  {
    why: 'a zero dimension',
    maxBatchSize: 0,
    output: value('X', [2, 0]),
    plan: { rowShape: [2, 0], rowBytes: 0 },
  },
  { why: 'a scalar or an unknown rank', maxBatchSize: 0, output: value('X', []), plan: unknown },
  { why: 'an output that is missing', maxBatchSize: 0, output: value('Y', [2]), plan: unknown },
];

for (const { why, maxBatchSize, output, plan } of plans) {
  test(`the size of an output before the run: ${why}`, () => {
    const config = { name: 'm', maxBatchSize, inputs: [], outputs: [spec('X', [])] };
    const [found] = planOutputs(config, { inputs: [value('A', ['n', 2])], outputs: [output] });
    assert.deepEqual(found, plan);
  });
}

test('strings have no size before the run', () => {
  const config = { name: 'm', maxBatchSize: 0, inputs: [], outputs: [spec('X', [2], { datatype: 'BYTES' })] };
  const [plan] = planOutputs(config, { inputs: [], outputs: [value('X', [2], 'string')] });
  assert.deepEqual(plan, unknown);
});
