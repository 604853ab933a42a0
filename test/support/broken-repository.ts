import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { encodeOnnx, folded, identities, onnxType, writeModel, type OnnxGraph } from './onnx-model.js';

type Files = Parameters<typeof writeModel>[1];

const rows = identities([{ name: 'x', shape: ['n', 2] }], [{ name: 'y', shape: ['n', 2] }]);
const head = 'backend: "onnxruntime"\nmax_batch_size: 4\n';
const input = 'input [ { name: "x" data_type: TYPE_FP32 dims: [ 2 ] } ]\n';
const output = 'output [ { name: "y" data_type: TYPE_FP32 dims: [ 2 ] } ]\n';
const tensors = input + output;
const right = head + tensors;

/** A right model, but for its config. */
function configured(text: string, graph: OnnxGraph | string | Uint8Array = rows): Files {
  return { 'config.pbtxt': text, '1/model.onnx': graph };
}

const warmup = (about: string, data: string): string =>
  `model_warmup { name: "s" batch_size: 1 inputs { key: "${about.split(' ')[0]}" value { ${about.split(' ').slice(1).join(' ')} ${data} } } }\n`;

/** Reshapes whatever comes to one shape, which is told by the declaration. */
const reshaped = (shape: readonly number[], rank: readonly (string | number)[]): OnnxGraph => ({
  ...folded,
  outputs: [{ name: 'y', shape: rank }],
  constants: [
    { name: 'a', dims: [shape.length], values: shape },
    { name: 'b', dims: [shape.length], values: shape.map(() => 0) },
  ],
});

/** Reshapes to one row, and nothing tells so beforehand: the shape is made from what comes. */
const oneRow: OnnxGraph = {
  inputs: [{ name: 'x', shape: ['n', 2] }],
  outputs: [{ name: 'y', shape: ['n', 2] }],
  nodes: [
    { op: 'Sub', inputs: ['x', 'x'], outputs: ['zeros'] },
    { op: 'ReduceMax', inputs: ['zeros'], outputs: ['zero'], integers: { keepdims: 0 } },
    { op: 'Add', inputs: ['zero', 'one_two'], outputs: ['made'] },
    { op: 'Cast', inputs: ['made'], outputs: ['shape'], integers: { to: onnxType.INT64 } },
    { op: 'Reshape', inputs: ['x', 'shape'], outputs: ['y'] },
  ],
  constants: [{ name: 'one_two', dims: [2], values: [1, 2] }],
};

const external: OnnxGraph = {
  inputs: [{ name: 'x', shape: ['n', 2] }],
  outputs: [{ name: 'y', shape: ['n', 2] }],
  nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
  constants: [{ name: 'w', dims: [2], values: [], external: 'weights.bin' }],
};

const lfsPointer =
  'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n';

/** Models that are each wrong in one way, as people get them wrong. */
export const brokenModelFiles: Readonly<Record<string, Files>> = {
  bad_checksum: configured(
    `${right}model_repository_agents { agents [ { name: "checksum" parameters { key: "MD5:1/model.onnx" value: "00000000000000000000000000000000" } } ] }`,
  ),
  bf16_input: configured(
    '',
    identities(
      [{ name: 'x', type: 'BFLOAT16', shape: ['n', 2] }],
      [{ name: 'y', type: 'BFLOAT16', shape: ['n', 2] }],
    ),
  ),
  bracket_missing: configured(`${head}input [ { name: "x" data_type: TYPE_FP32 dims: [ 2 ] }\n${output}`),
  comma_too_many: configured(`${head}input [ { name: "x" data_type: TYPE_FP32 dims: [ 2 ] }, ]\n${output}`),
  config_misnamed: { 'config.pbtext': right, '1/model.onnx': rows },
  all_passive: configured(`${right}instance_group [ { kind: KIND_CPU passive: true } ]`),
  decoupled: configured(`${right}model_transaction_policy { decoupled: true }`),
  dims_missing: configured(`${head}input [ { name: "x" data_type: TYPE_FP32 } ]\n${output}`),
  dims_wrong: configured(right.replace('dims: [ 2 ]', 'dims: [ 3 ]')),
  dims_with_batch: configured(right.replace('dims: [ 2 ]', 'dims: [ -1, 2 ]')),
  dims_zero: configured(right.replace('dims: [ 2 ]', 'dims: [ 0 ]')),
  ensemble_without_steps: configured(`platform: "ensemble"\nmax_batch_size: 4\n${tensors}`),
  enum_misspelt: configured(right.replace('TYPE_FP32', 'TYPE_FLOAT32')),
  external_data_missing: configured('', external),
  field_misspelt: configured(right.replace('max_batch_size', 'max_batch_sizes')),
  file_misnamed: { 'config.pbtxt': right, '1/resnet50.onnx': rows },
  fixed_batch: configured(right, identities([{ name: 'x', shape: [1, 2] }], [{ name: 'y', shape: [1, 2] }])),
  fixed_batch_inside: configured(right, oneRow),
  inline_twice: configured(
    `${right}instance_group [ { count: 2 kind: KIND_CPU } ]\nparameters { key: "nereid.instances" value { string_value: "inline" } }`,
  ),
  input_twice: configured(right.replace(input, `${input}${input}`)),
  input_unknown: configured(right.replace('"x"', '"input"')),
  input_unlisted: configured(
    right,
    identities(
      [
        { name: 'x', shape: ['n', 2] },
        { name: 'mask', shape: ['n', 2] },
      ],
      [
        { name: 'y', shape: ['n', 2] },
        { name: 'z', shape: ['n', 2] },
      ],
    ),
  ),
  ir_too_new: configured('', { ...rows, irVersion: 99 }),
  labels_missing: configured(
    right
      .replace('TYPE_FP32 dims: [ 2 ] } ]\noutput', 'TYPE_FP32 dims: [ 2 ] } ]\noutput')
      .replace('name: "y"', 'name: "y" label_filename: "labels.txt"'),
  ),
  leading_zeros: { 'config.pbtxt': right, '01/model.onnx': rows },
  lfs_pointer: configured(right, lfsPointer),
  loose_model: { 'config.pbtxt': right, 'model.onnx': rows },
  name_differs: configured(`name: "resnet50"\n${right}`),
  negative_batch_size: configured(right.replace('max_batch_size: 4', 'max_batch_size: -4')),
  never_runs: configured('', reshaped([3, 1], [3, 1])),
  no_model_file: { 'config.pbtxt': right, '1/README.md': 'soon' },
  no_versions: { 'config.pbtxt': right },
  not_onnx: configured(right, 'this is no model'),
  operator_unknown: configured('', {
    ...rows,
    nodes: [{ op: 'MyOwnOperator', inputs: ['x'], outputs: ['y'] }],
  }),
  output_unknown: configured(right.replace('"y"', '"probabilities"')),
  parameter_bad: configured(
    `${right}parameters { key: "intra_op_thread_count" value { string_value: "many" } }`,
  ),
  parameter_misspelt: configured(
    `${right}parameters { key: "nereid.share_weigths" value { string_value: "true" } }`,
  ),
  platform_unknown: configured(right.replace('backend: "onnxruntime"', 'platform: "onnx"')),
  preferred_too_large: configured(`${right}dynamic_batching { preferred_batch_size: [ 4, 16 ] }`),
  priority_without_default: configured(
    `${right}dynamic_batching { priority_levels: 3 default_priority_level: 9 }`,
  ),
  python_backend: configured(right.replace('"onnxruntime"', '"python"')),
  reshape_differs: configured(right.replace('dims: [ 2 ]', 'dims: [ 2 ] reshape { shape: [ 3 ] }')),
  sequence_batching: configured(
    `${right}sequence_batching { control_input [ { name: "START" control [ { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] } ] } ] }`,
  ),
  sequence_output: configured('', {
    inputs: [{ name: 'x', shape: ['n', 2] }],
    outputs: [{ name: 'y', shape: ['n', 2], sequence: true }],
    nodes: [{ op: 'SequenceConstruct', inputs: ['x'], outputs: ['y'] }],
  }),
  several_at_once: configured(
    `${head.replace('4', '-4')}${input.replace('[ 2 ]', '[ 0 ]')}${output.replace('data_type: TYPE_FP32', '')}instance_group [ { count: -1 } ]`,
  ),
  string_unclosed: configured(right.replace('"x"', '"x')),
  text_for_number: configured(right.replace('max_batch_size: 4', 'max_batch_size: "4"')),
  truncated: configured(right, encodeOnnx(rows).subarray(0, 40)),
  type_missing: configured(right.replace('data_type: TYPE_FP32', '')),
  type_wrong: configured(right.replace('TYPE_FP32', 'TYPE_INT64')),
  version_named_v1: { 'config.pbtxt': right, 'v1/model.onnx': rows },
  version_not_there: {
    ...configured(`${right}version_policy { specific { versions: [ 1, 3 ] } }`),
    '2/model.onnx': rows,
  },
  warmup_file_missing: configured(
    right + warmup('x data_type: TYPE_FP32 dims: [ 2 ]', 'input_data_file: "sample"'),
  ),
  warmup_input_unknown: configured(
    right + warmup('image data_type: TYPE_FP32 dims: [ 2 ]', 'zero_data: true'),
  ),
  warmup_shape_wrong: configured(right + warmup('x data_type: TYPE_FP32 dims: [ 3 ]', 'zero_data: true')),
};

/** Writes them, and what else people leave in a repository, into a folder. */
export async function writeBrokenRepository(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeModel(folder, { 'resnet50.onnx': rows, 'README.md': 'Our models' });
  for (const [name, files] of Object.entries(brokenModelFiles)) {
    await writeModel(path.join(folder, name), files);
  }
}
