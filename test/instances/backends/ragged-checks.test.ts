import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BatchInputSpec } from '../../../src/config/batch-spec.js';
import type { ModelSpec, TensorSpec } from '../../../src/config/tensor-spec.js';
import { InferenceError } from '../../../src/inference/error.js';
import { checkModel, planOutputs, type ValueMetadata } from '../../../src/instances/backends/onnx-checks.js';

function spec(name: string, dims: readonly number[], about: Partial<TensorSpec> = {}): TensorSpec {
  return { name, datatype: 'FP32', dims, modelDims: dims, optional: false, labelFile: '', ...about };
}

const ragged = spec('A', [-1, -1], { ragged: true });

function counts(about: Partial<BatchInputSpec> = {}): BatchInputSpec {
  return { kind: 'BATCH_ELEMENT_COUNT', datatype: 'INT32', targets: ['N'], source: 0, ...about };
}

function modelSpec(about: Partial<ModelSpec> = {}): ModelSpec {
  return { name: 'm', maxBatchSize: 8, inputs: [ragged], outputs: [], ...about };
}

function value(name: string, shape: readonly (number | string)[], type = 'float32'): ValueMetadata {
  return { name, isTensor: true, shape, type } as ValueMetadata;
}

const a = value('A', ['n']);

interface Case {
  readonly why: string;
  readonly config: ModelSpec;
  readonly inputs: readonly ValueMetadata[];
  readonly outputs?: readonly ValueMetadata[];
  /** What it is refused with; accepted when left out. */
  readonly message?: string;
}

const flatText = (given: string): string =>
  `unable to load model 'm', configuration expects model provides input with shape [-1]  for ragged input 'A', model provides ${given}`;
const targetText = (wanted: string, given: string): string =>
  `unable to load model 'm', configuration expects model provides input with shape ${wanted} for batch input 'N', model provides ${given}`;
const optional = spec('B', [-1], { ragged: true, optional: true });
const itemShape = counts({ kind: 'BATCH_ITEM_SHAPE' });

const cases: readonly Case[] = [
  { why: 'a ragged input of one free dimension', config: modelSpec(), inputs: [a] },
  {
    why: 'the same without batching',
    config: modelSpec({ maxBatchSize: 0 }),
    inputs: [value('A', [''])],
  },
  {
    why: 'a ragged input of two dimensions',
    config: modelSpec(),
    inputs: [value('A', ['n', 2])],
    message: flatText('[-1,2]'),
  },
  {
    why: 'a ragged input of a fixed size, without batching too',
    config: modelSpec({ maxBatchSize: 0 }),
    inputs: [value('A', [4])],
    message: flatText('[4]'),
  },
  {
    why: 'a ragged scalar',
    config: modelSpec(),
    inputs: [value('A', [])],
    message: flatText('[]'),
  },
  {
    why: 'an optional ragged input',
    config: modelSpec({ maxBatchSize: 0, inputs: [ragged, optional] }),
    inputs: [a],
    message:
      "unable to load model 'm', configuration expects model provides input with shape [-1] for ragged input 'B', which is not supported for optional input",
  },
  {
    why: 'an optional ragged input of a model that batches',
    config: modelSpec({ inputs: [ragged, optional] }),
    inputs: [a],
    message: "unable to load model 'm', optional input 'B' is not supported for models that support batching",
  },
  {
    why: 'targets of batch inputs count as inputs',
    config: modelSpec({ batchInputs: [counts({ targets: ['N', 'M'] })] }),
    inputs: [a, value('M', ['r'], 'int32'), value('N', ['r'], 'int32')],
  },
  {
    why: 'a model without the batch input',
    config: modelSpec({ batchInputs: [counts()] }),
    inputs: [a],
    message: "unable to load model 'm', configuration expects 2 inputs, model provides 1",
  },
  {
    why: 'a target that the model calls otherwise',
    config: modelSpec({ batchInputs: [counts()] }),
    inputs: [a, value('COUNT', ['r'], 'int32')],
    message: "unexpected inference input 'N', allowed inputs are: A, COUNT",
  },
  {
    why: 'a target of another datatype',
    config: modelSpec({ batchInputs: [counts()] }),
    inputs: [a, value('N', ['r'], 'int64')],
    message:
      "unable to load model 'm', configuration expects datatype TYPE_INT32 for input 'N', model provides TYPE_INT64",
  },
  {
    why: 'a target for one request only',
    config: modelSpec({ batchInputs: [counts({ datatype: 'FP32' })] }),
    inputs: [a, value('N', [1])],
  },
  {
    why: 'a target with too many dimensions',
    config: modelSpec({ batchInputs: [counts()] }),
    inputs: [a, value('N', ['r', 1], 'int32')],
    message: targetText('[-1]', '[-1,1]'),
  },
  {
    why: 'shapes with a row for each item',
    config: modelSpec({ batchInputs: [itemShape] }),
    inputs: [a, value('N', ['rows', 2], 'int32')],
  },
  {
    why: 'shapes of any length',
    config: modelSpec({ batchInputs: [itemShape] }),
    inputs: [a, value('N', ['rows', 'rank'], 'int32')],
  },
  {
    why: 'shapes of another length',
    config: modelSpec({ batchInputs: [itemShape] }),
    inputs: [a, value('N', ['rows', 3], 'int32')],
    message: targetText('[-1,2]', '[-1,3]'),
  },
  {
    why: 'a scattered output of any shape',
    config: modelSpec({ outputs: [spec('X', [-1, 2])], batchOutputs: [{ output: 0, source: 0 }] }),
    inputs: [a],
    outputs: [value('X', [])],
  },
];

for (const { why, config, inputs, outputs = [], message } of cases) {
  test(`a config ${message === undefined ? 'fits its model' : 'is refused'}: ${why}`, () => {
    const check = (): void => checkModel(config, { inputs, outputs });
    if (message === undefined) check();
    else {
      assert.throws(check, (error) => {
        assert.ok(error instanceof InferenceError && error.code === 'invalid-argument');
        assert.equal(error.message, message);
        return true;
      });
    }
  });
}

const unknown = { rowShape: undefined, rowBytes: 0 };

test('an output as long as a ragged or a batch input has no size in rows before the run', () => {
  const config = modelSpec({
    inputs: [ragged, spec('B', [2])],
    batchInputs: [counts()],
    outputs: [spec('X', []), spec('Y', []), spec('Z', [])],
  });
  const inputs = [a, value('B', ['batch', 2]), value('N', ['r'], 'int32')];
  const outputs = [value('X', ['n']), value('Y', ['r']), value('Z', ['batch'])];
  assert.deepEqual(planOutputs(config, { inputs, outputs }), [
    unknown,
    unknown,
    { rowShape: [], rowBytes: 4 },
  ]);
});

test('a scattered output has no size in rows before the run, whatever it is called', () => {
  const config = modelSpec({
    inputs: [ragged, spec('B', [2])],
    outputs: [spec('X', [-1])],
    batchOutputs: [{ output: 0, source: 0 }],
  });
  const inputs = [a, value('B', ['batch', 2])];
  assert.deepEqual(planOutputs(config, { inputs, outputs: [value('X', ['batch'])] }), [unknown]);
});
