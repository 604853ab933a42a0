import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remedyFor } from '../../src/repository/remedies.js';

// Beside those of test/cli/broken-models.txt, whose texts come from real loads.
const texts: readonly (readonly [text: string, remedy: RegExp])[] = [
  [
    "model 'm', tensor 'x': the model expects 1 dimensions (shape [-1]) but the model configuration specifies 2 dimensions (an initial batch dimension because max_batch_size > 0 followed by the explicit tensor shape, making complete shape [-1,1])",
    /^write dims: \[ 1 \] with reshape { shape: \[ \] }/,
  ],
  [
    "model 'm', tensor 'x': the model expects 2 dimensions (shape [-1,4]) but the model configuration specifies 1 dimensions (shape [4])",
    /^write dims: \[ -1, 4 \]/,
  ],
  [
    "unable to load model 'm', scalar tensor 'x', should only provide 1 in the model configuration when the model doesn't support batching. Model configuration provided: [2].",
    /dims: \[ 1 \]/,
  ],
  [
    "unable to load model 'm', configuration expects model provides input with shape [-1]  for ragged input 'x', model provides [-1,2]",
    /allow_ragged_batch/,
  ],
  [
    "unable to load model 'm', configuration expects model provides input with shape [-1] for ragged input 'x', which is not supported for optional input",
    /^remove optional: true or allow_ragged_batch/,
  ],
  [
    "unable to load model 'm', configuration expects model provides input with shape [-1] for batch input 'b', model provides [-1,2]",
    /batch_input/,
  ],
  [
    "unable to load model 'm', it has an input or output of ONNX element type COMPLEX64, which onnxruntime-node cannot carry",
    /another element type/,
  ],
  [
    "failed to run warmup sample 's': batch size 9 for 'm_0', max allowed is 4",
    /lower batch_size of the sample/,
  ],
  [
    '[request id: <id_unknown>] warmup setting expects 8 bytes, but the data provided from fileonly has 4 bytes',
    /dims of the warmup input/,
  ],
  ["label file path '/etc/passwd' for output 'y' in model 'm' is outside model directory", /label_filename/],
  ['onnx runtime error 1: something else', /onnx\.checker/],
];

for (const [text, remedy] of texts) {
  test(`there is a remedy for: ${text.slice(0, 100)}`, () => {
    assert.match(remedyFor(text), remedy);
  });
}
