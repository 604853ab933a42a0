import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { fixed, rows, serving } from '../support/completed.js';
import { identities, writeModel, type OnnxGraph } from '../support/onnx-model.js';

const reasons: readonly (readonly [
  why: string,
  files: Readonly<Record<string, OnnxGraph | string>>,
  reason: RegExp,
])[] = [
  [
    '3.3 E',
    { 'config.pbtxt': 'max_batch_size: 8', '1/model.onnx': fixed },
    /^Invalid argument: autofill failed for model 'm': model does not support batching while non-zero max_batch_size is specified\. To mend it: the model declares 'x' with shape \[1,2\]: /,
  ],
  [
    'a rule of 2.4',
    { 'config.pbtxt': 'dynamic_batching { preferred_batch_size: 8 }', '1/model.onnx': rows },
    /^Invalid argument: dynamic batching preferred size must be <= max batch size for m/,
  ],
  [
    'a rule of 2.5, when the model has been asked',
    { 'config.pbtxt': 'input { name: "x" data_type: TYPE_FP32 }', '1/model.onnx': rows },
    /^Invalid argument: model input 'x' must specify 'dims' for m/,
  ],
  [
    'a datatype that cannot be carried',
    {
      '1/model.onnx': identities(
        [{ name: 'x', shape: ['n'], type: 'BFLOAT16' }],
        [{ name: 'y', shape: ['n'], type: 'BFLOAT16' }],
      ),
    },
    /^Unsupported: unsupported datatype TYPE_BF16 for input 'x' for model 'm'/,
  ],
  [
    'an output that is no tensor',
    {
      '1/model.onnx': {
        inputs: [{ name: 'x', shape: ['n'] }],
        outputs: [{ name: 's', sequence: true }],
        nodes: [{ op: 'SplitToSequence', inputs: ['x'], outputs: ['s'] }],
      },
    },
    /^Unsupported: Unsupported ONNX Type 'ONNX_TYPE_SEQUENCE' for I\/O 's', expected 'ONNX_TYPE_TENSOR'/,
  ],
  [
    '3.4: no model file',
    { 'config.pbtxt': 'backend: "onnxruntime"', '1/note.txt': '' },
    /^Internal: failed to stat file .+\/m\/1\/model\.onnx\. To mend it: /,
  ],
  [
    '3.4: a folder without a model',
    { '1/model.onnx/note.txt': '' },
    /^Unavailable: unable to find '.+\/m\/1\/model\.onnx\/model\.onnx' for model instance 'm'/,
  ],
  [
    '3.4: no ONNX file',
    { '1/model.onnx': 'not a model' },
    /^Internal: onnx runtime error \d+: .+Protobuf parsing failed/,
  ],
  [
    '3.5: dims that the model has not',
    { 'config.pbtxt': 'output { name: "y" data_type: TYPE_FP32 dims: 3 }', '1/model.onnx': rows },
    /^Invalid argument: model 'm', tensor 'y': the model expects 2 dimensions \(shape \[-1,2\]\) but the model configuration specifies 2 dimensions/,
  ],
];

for (const [why, files, reason] of reasons) {
  test(`a model that cannot be completed is unavailable with the reason: ${why}`, () =>
    serving(
      (root) => writeModel(path.join(root, 'm'), files),
      {},
      async ({ server, reason: reasonOf }) => {
        assert.equal(server.complete, false);
        assert.match((await reasonOf('m')) ?? '', reason);
      },
    ));
}

test('of a config that is refused for its batching, what is wrong with its tensors is told too', () =>
  serving(
    (root) =>
      writeModel(path.join(root, 'm'), {
        '1/model.onnx': rows,
        'config.pbtxt': 'max_batch_size: -1 input { name: "x" } output { name: "y" }',
      }),
    {},
    async ({ server, reason }) => {
      assert.match((await reason('m')) ?? '', /'max_batch_size' must be non-negative value for m/);
      const also = server.lines.filter((line) => line.includes(`also wrong with 'm'`));
      assert.deepEqual(
        [/model input 'x' must specify 'dims'/, /model output 'y' must specify 'data_type'/].map((words) =>
          also.some((line) => words.test(line)),
        ),
        [true, true],
      );
    },
  ));
