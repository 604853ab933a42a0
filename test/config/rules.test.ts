import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeProblem } from '../../src/config/problem.js';
import { check, good, input, library, output, testRefused, withInput } from './rule-table.js';

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

testRefused('2.4', [
  [
    `name: "other" ${good}`,
    'invalid-argument',
    `unexpected directory name 'm' for model 'other', directory name must equal model name`,
  ],
  [
    `${input} ${output}`,
    'invalid-argument',
    `Invalid model name: Could not determine backend for model 'm' with no backend in model configuration. Expected model name of the form 'model.<backend_name>'.`,
  ],
  [
    `default_model_filename: "resnet.onnx" ${input} ${output}`,
    'invalid-argument',
    `must specify 'platform' or 'backend' for 'm'`,
  ],
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
  [
    `${good} dynamic_batching { priority_levels: 1 default_priority_level: 1 priority_queue_policy { key: 0 } }`,
    'invalid-argument',
    'priority queue policy must have priority level in range [1, 1] for m',
  ],
  [
    `${good} dynamic_batching { preserve_ordering: true priority_levels: 2 default_priority_level: 1 }`,
    'invalid-argument',
    `Only one priority level is allowed when 'preserve_ordering' is true for m`,
  ],
  [
    `${good} dynamic_batching { preserve_ordering: true default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 1 } }`,
    'invalid-argument',
    `Queue policy can not have DELAY as timeout action when 'preserve_ordering' is true for m`,
  ],
  [
    `${good} dynamic_batching { preferred_batch_size: 2 }`,
    'invalid-argument',
    'dynamic batching preferred size must be <= max batch size for m',
  ],
]);

testRefused('not built', [
  // What is not built
  [`${good} sequence_batching { }`, 'unsupported', `'sequence_batching' is not supported yet for m`],
  [
    `${good} model_transaction_policy { decoupled: true }`,
    'unsupported',
    `'model_transaction_policy.decoupled' is not supported yet for m`,
  ],

  [
    `backend: "onnxruntime" ${input}`,
    'unsupported',
    `config.pbtxt of model 'm' lists no output, and auto-completion of configs is switched off`,
  ],
  // Parameters have a table of their own
  [
    `${good} parameters { key: "enable_mem_arena" value { string_value: "x" } }`,
    'invalid-argument',
    `failed to convert 'x' to boolean`,
  ],
]);

testRefused('2.6', [
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
    'instance group m_0 of model m and platform onnxruntime_onnxspecifies profile field which is only supported for TensorRT models',
  ],
  [
    `${good} instance_group { kind: KIND_CPU passive: true } instance_group { passive: true }`,
    'invalid-argument',
    'every instance group of model m is passive: no instance would run its requests',
  ],
]);

test('a backend that this server lacks is named after what Triton looks at before', () => {
  const text = 'backend: "python" name: "other" max_batch_size: -1 instance_group { kind: KIND_GPU }';
  assert.deepEqual(
    check(text).map(({ message }) => message.split(' ').slice(0, 4).join(' ')),
    [
      `'max_batch_size' must be non-negative`,
      `unexpected directory name 'm'`,
      'instance group other_0 of',
      'unable to find backend',
    ],
  );
});

test('a backend whose platform is that of another is told so', () => {
  const pair = (text: string): string | undefined => check(text)[0]?.message;
  const wrong = `unexpected 'platform' and 'backend' pair, got:`;
  assert.equal(
    pair('backend: "tensorrt" platform: "onnxruntime_onnx"'),
    `${wrong}onnxruntime_onnx, tensorrt`,
  );
  assert.equal(pair('backend: "python" platform: "tensorrt_plan"'), `${wrong}tensorrt_plan, python`);
  assert.equal(pair('backend: "pytorch" platform: "x"'), `${wrong}x, pytorch`);
  assert.equal(pair('backend: "python" platform: "any"'), library('python'));
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
    [`'max_batch_size' must be`, 'unexpected directory name', 'instance group n_0', 'config.pbtxt of model'],
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
