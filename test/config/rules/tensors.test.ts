import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, fp32, good, testRefused, withInput } from '../rule-table.js';

const rule = 'must be integer >= 1, or -1 to indicate a variable-size dimension for m';
testRefused('2.5', [
  // Inputs and outputs
  [withInput('data_type: TYPE_FP32 dims: 1'), 'invalid-argument', `model input must specify 'name' for m`],
  [
    `${good} output { data_type: TYPE_FP32 dims: 1 }`,
    'invalid-argument',
    `model output must specify 'name' for m`,
  ],
  [withInput('name: "X" dims: 1'), 'invalid-argument', `model input 'X' must specify 'data_type' for m`],
  [
    withInput('name: "X" data_type: 99 dims: 1'),
    'invalid-argument',
    `model input 'X' must specify 'data_type' for m`,
  ],
  [
    withInput('name: "X" data_type: TYPE_BF16 dims: 1'),
    'unsupported',
    `unsupported datatype TYPE_BF16 for input 'X' for model 'm'`,
  ],
  [withInput(fp32), 'invalid-argument', `model input 'X' must specify 'dims' for m`],
  [
    `${good} output { name: "Z" data_type: TYPE_FP32 }`,
    'invalid-argument',
    `model output 'Z' must specify 'dims' for m`,
  ],
  [withInput(`${fp32} dims: 0`), 'invalid-argument', `model input 'X' dimension ${rule}`],
  [withInput(`${fp32} dims: [ 2, -2 ]`), 'invalid-argument', `model input 'X' dimension ${rule}`],
  [
    withInput(`${fp32} dims: 1 reshape { }`),
    'invalid-argument',
    `model input 'X' cannot have empty reshape for non-batching model as scalar tensors are not supported for m`,
  ],
  [
    withInput(`${fp32} dims: [ 4 ] reshape { shape: [ 3 ] }`),
    'invalid-argument',
    `model input 'X' has different size for dims and reshape for m`,
  ],
  [
    withInput(`${fp32} dims: [ -1 ] reshape { shape: [ 3 ] }`),
    'invalid-argument',
    `model input 'X' has different size for dims and reshape for m`,
  ],
  [
    withInput(`${fp32} dims: [ 2, -1, 3 ] reshape { shape: [ 3, -1, 2 ] }`),
    'invalid-argument',
    `model input 'X' has different size for dims and reshape for m`,
  ],
  [
    withInput(`${fp32} dims: [ -1, -1 ] reshape { shape: [ -1 ] }`),
    'invalid-argument',
    `model input 'X' has different number of variable-size dimensions for dims and reshape for m`,
  ],
  [
    withInput(`${fp32} dims: [ 3, 2 ] format: FORMAT_NHWC`),
    'invalid-argument',
    'model input NHWC/NCHW require 3 dims for m',
  ],
  [
    withInput(`${fp32} dims: 1 is_shape_tensor: true`),
    'invalid-argument',
    'shape tensors are only supported for TensorRT platform for m',
  ],
  [
    withInput(`${fp32} dims: 1 is_non_linear_format_io: true`),
    'invalid-argument',
    'Non-linear IO format is only supported for the TensorRT platform for m',
  ],
]);

test('a reshape with a wrong dimension is refused for that and for its size', () => {
  assert.deepEqual(
    check(withInput(`${fp32} dims: 4 reshape { shape: 0 }`)).map(({ message }) => message),
    [
      `model input 'X' reshape dimensions ${rule}`,
      `model input 'X' has different size for dims and reshape for m`,
    ],
  );
});
