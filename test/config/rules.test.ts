import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeModelConfig } from '../../src/config/complete.js';
import { parseModelConfig } from '../../src/config/parse.js';
import { describeProblem, type Problem } from '../../src/config/problem.js';
import { checkModelConfig } from '../../src/config/rules.js';

const input = 'input { name: "X" data_type: TYPE_FP32 dims: [ 4 ] }';
const output = 'output { name: "Y" data_type: TYPE_FP32 dims: [ 4 ] }';
const good = `backend: "onnxruntime" ${input} ${output}`;

function check(text: string, gpus: readonly number[] = []): Problem[] {
  const config = completeModelConfig(parseModelConfig(text, 'config.pbtxt'), {
    folder: 'm',
    hasOnnxFile: false,
    gpus,
  });
  return checkModelConfig(config, { folder: 'm', gpus });
}

function withInput(fields: string): string {
  return `backend: "onnxruntime" ${output} input { ${fields} }`;
}

test('a config that is right has no problem', () => {
  const right = [
    good,
    `platform: "onnxruntime_onnx" ${input} ${output}`,
    `${good} max_batch_size: 8 dynamic_batching { preferred_batch_size: [ 4, 8 ] priority_levels: 2 default_priority_level: 2 }`,
    `${good} instance_group { kind: KIND_MODEL }`,
    withInput('name: "X" data_type: TYPE_FP32 dims: -1 allow_ragged_batch: true'),
    `max_batch_size: 1 ${withInput('name: "X" data_type: TYPE_INT8 dims: 1 reshape { }')}`,
    withInput('name: "X" data_type: TYPE_STRING dims: [ -1, 6, -1 ] reshape { shape: [ -1, 2, 3, -1 ] }'),
    withInput('name: "X" data_type: TYPE_FP32 dims: [ 3, 2, 2 ] format: FORMAT_NCHW'),
    `${good} optimization { execution_accelerators { gpu_execution_accelerator { name: "tensorrt" } } }`,
  ];
  for (const text of right) assert.deepEqual(check(text), [], text);
  assert.deepEqual(check(`${good} instance_group { kind: KIND_GPU }`, [0]), []);
});

const rule = 'must be integer >= 1, or -1 to indicate a variable-size dimension for m';
const library = (backend: string): string =>
  `unable to find backend library for backend '${backend}', try specifying runtime on the model configuration.`;
const fp32 = 'name: "X" data_type: TYPE_FP32';

/** Configs with one thing wrong, each with its text. */
const refused: readonly (readonly [text: string, code: Problem['code'], message: string])[] = [
  [
    `name: "other" ${good}`,
    'invalid-argument',
    `unexpected directory name 'm' for model 'other', directory name must equal model name`,
  ],
  [`${input} ${output}`, 'invalid-argument', `must specify 'platform' or 'backend' for 'm'`],
  [`platform: "onnx" ${input} ${output}`, 'invalid-argument', `unexpected platform type 'onnx' for m`],
  [
    `platform: "onnxruntime" ${good}`,
    'invalid-argument',
    `unexpected 'platform' and 'backend' pair, got:onnxruntime, onnxruntime`,
  ],
  [`backend: "pytorch"`, 'invalid-argument', library('pytorch')],
  [`platform: "pytorch_libtorch"`, 'invalid-argument', library('pytorch')],
  [`platform: "tensorrt_plan"`, 'invalid-argument', library('tensorrt')],
  [`platform: "tensorflow_graphdef"`, 'invalid-argument', library('tensorflow')],
  [`platform: "tensorflow_savedmodel"`, 'invalid-argument', library('tensorflow')],
  [`${good} max_batch_size: -1`, 'invalid-argument', `'max_batch_size' must be non-negative value for m`],
  [
    `${good} max_batch_size: 4 dynamic_batching { preferred_batch_size: 0 }`,
    'invalid-argument',
    'dynamic batching preferred size must be positive for m',
  ],
  [
    `${good} max_batch_size: 4 dynamic_batching { preferred_batch_size: 5 }`,
    'invalid-argument',
    'dynamic batching preferred size must be <= max batch size for m',
  ],
  [
    `${good} dynamic_batching { priority_levels: 2 }`,
    'invalid-argument',
    'default priority level must be in range [1, 2] for m',
  ],
  [
    `${good} dynamic_batching { priority_levels: 2 default_priority_level: 3 }`,
    'invalid-argument',
    'default priority level must be in range [1, 2] for m',
  ],
  // What is not built
  [`${good} sequence_batching { }`, 'unsupported', `'sequence_batching' is not supported yet for m`],
  ['platform: "ensemble"', 'unsupported', `'ensemble_scheduling' is not supported yet for m`],
  [
    `${good} model_transaction_policy { decoupled: true }`,
    'unsupported',
    `'model_transaction_policy.decoupled' is not supported yet for m`,
  ],
  [`${good} model_warmup { }`, 'unsupported', `'model_warmup' is not supported yet for m`],
  [
    `${good} model_operations { op_library_filename: "a.so" }`,
    'unsupported',
    `'model_operations' is not supported for m`,
  ],
  [
    `${good} model_repository_agents { agents { name: "checksum" } }`,
    'unsupported',
    `'model_repository_agents' is not supported yet for m`,
  ],
  [
    `${good} optimization { execution_accelerators { cpu_execution_accelerator { name: "openvino" } } }`,
    'invalid-argument',
    `unknown Execution Accelerator 'openvino' is requested`,
  ],
  [
    `backend: "onnxruntime" ${input}`,
    'unsupported',
    `config.pbtxt of model 'm' lists no output, and auto-completion of configs is switched off`,
  ],
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
  // Instance groups
  [
    `${good} instance_group { kind: KIND_CPU gpus: 0 }`,
    'invalid-argument',
    'instance group m_0 of model m has kind KIND_CPU but specifies one or more GPUs',
  ],
  [
    `${good} instance_group { kind: KIND_MODEL gpus: 0 }`,
    'invalid-argument',
    'instance group m_0 of model m has kind KIND_MODEL but specifies one or more GPUs',
  ],
  [
    `${good} instance_group { name: "fast" kind: KIND_GPU }`,
    'invalid-argument',
    'instance group fast of model m has kind KIND_GPU but no GPUs are available',
  ],
  [
    `${good} instance_group { kind: KIND_CPU profile: "p" }`,
    'invalid-argument',
    'instance group m_0 of model m and platform onnxruntime_onnx specifies profile field which is only supported for TensorRT models',
  ],
  [
    `${good} instance_group { kind: KIND_CPU passive: true } instance_group { passive: true }`,
    'invalid-argument',
    'every instance group of model m is passive: no instance would run its requests',
  ],
  // Parameters have a table of their own
  [
    `${good} parameters { key: "enable_mem_arena" value { string_value: "x" } }`,
    'invalid-argument',
    `failed to convert 'x' to boolean`,
  ],
];

for (const [text, code, message] of refused) {
  test(`refused: ${message} (${text.replace(good, '…')})`, () => {
    assert.deepEqual(
      check(text).map((problem) => [problem.code, problem.message]),
      [[code, message]],
    );
  });
}

test('a reshape with a wrong dimension is refused for that and for its size', () => {
  assert.deepEqual(
    check(withInput(`${fp32} dims: 4 reshape { shape: 0 }`)).map(({ message }) => message),
    [
      `model input 'X' reshape dimensions ${rule}`,
      `model input 'X' has different size for dims and reshape for m`,
    ],
  );
});

test('an ensemble whose platform or backend says otherwise is told so before it is refused', () => {
  for (const text of ['ensemble_scheduling { }', 'platform: "ensemble" backend: "onnxruntime"']) {
    assert.equal(
      check(text)[0]?.message,
      `Ensemble model 'm' must have platform type 'ensemble' and empty backend type`,
    );
  }
});

test('a GPU that is not there is refused with those that are', () => {
  const [problem] = check(`${good} instance_group { kind: KIND_GPU gpus: [ 0, 7 ] }`, [0, 1]);
  assert.equal(problem?.message, 'instance group m_0 of model m specifies invalid or unsupported gpu id 7');
  assert.equal(problem.remedy, 'the GPUs here are: 0, 1');
});

test('a GPU that is wanted where there is none is refused with what to write and what to install', () => {
  const [problem] = check(`${good} instance_group { kind: KIND_GPU }`);
  assert.match(problem?.remedy ?? '', /^set kind: KIND_CPU; or, .*NVIDIA GPU.*CUDA libraries/);
});

test('a name close to that of ONNX Runtime is answered with the right one', () => {
  for (const text of ['backend: "onnx"', 'platform: "onnxruntime"', 'backend: "ort"']) {
    assert.equal(check(`${text} ${input} ${output}`)[0]?.remedy, 'write backend: "onnxruntime"');
  }
});

test('all that is wrong is found at once, in the order in which Triton looks', () => {
  const all = check('name: "n" backend: "onnxruntime" max_batch_size: -1 instance_group { kind: KIND_GPU }');
  assert.deepEqual(
    all.map(({ message }) => message.split(' ').slice(0, 3).join(' ')),
    ['unexpected directory name', `'max_batch_size' must be`, 'config.pbtxt of model', 'instance group n_0'],
  );
});

test('a problem is described in one line with what mends it', () => {
  assert.equal(describeProblem({ message: 'Wrong.', remedy: 'do so' }), 'Wrong. To mend it: do so');
  assert.equal(describeProblem({ message: 'wrong', remedy: 'do so' }), 'wrong. To mend it: do so');
  assert.equal(describeProblem({ message: 'wrong.', remedy: '' }), 'wrong.');
});

test('weights cannot be shared by instances on a GPU', () => {
  const share = 'parameters { key: "nereid.share_weights" value { string_value: "true" } }';
  const [problem, ...others] = check(`${good} instance_group { kind: KIND_GPU } ${share}`, [0]);
  assert.deepEqual(others, []);
  assert.equal(
    problem?.message,
    `parameter 'nereid.share_weights' is not supported for KIND_GPU, which instance group m_0 of model m has`,
  );
  assert.deepEqual(check(`${good} instance_group { kind: KIND_CPU } ${share}`), []);
});
