import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeModelConfig } from '../../../src/config/complete.js';
import { parseModelConfig } from '../../../src/config/parse.js';
import { checkModelConfig } from '../../../src/config/rules.js';
import { toModelSpec } from '../../../src/config/tensor-spec.js';
import type { ModelConfig } from '../../../src/generated/model_config_pb.js';

const tensors = `
  input { name: "X" data_type: TYPE_FP32 dims: [ -1 ] allow_ragged_batch: true }
  input { name: "W" data_type: TYPE_FP32 dims: [ -1, 2 ] }
  output { name: "Y" data_type: TYPE_FP32 dims: [ -1 ] }
  output { name: "Z" data_type: TYPE_FP32 dims: [ 1 ] }`;

function read(text: string): ModelConfig {
  const whole = `backend: "onnxruntime" max_batch_size: 8 ${tensors} ${text}`;
  return completeModelConfig(parseModelConfig(whole, 'config.pbtxt'), {
    folder: 'm',
    hasOnnxFile: false,
    gpus: [],
  });
}

function check(text: string): string[] {
  return checkModelConfig(read(text), { folder: 'm', gpus: [] }).map(({ code, message }) => {
    assert.equal(code, 'invalid-argument');
    return message;
  });
}

function batchInput(about: Record<string, string>): string {
  const fields = {
    kind: 'BATCH_ELEMENT_COUNT',
    target_name: '"N"',
    data_type: 'TYPE_INT32',
    source_input: '"X"',
    ...about,
  };
  return `batch_input { ${Object.entries(fields)
    .map(([name, value]) => (value === '' ? '' : `${name}: ${value}`))
    .join(' ')} }`;
}

function batchOutput(target = '"Y"', source = '"X"', more = ''): string {
  return `batch_output { target_name: [ ${target} ] source_input: [ ${source} ] ${more} }`;
}

const kinds = [
  'BATCH_ELEMENT_COUNT',
  'BATCH_ACCUMULATED_ELEMENT_COUNT',
  'BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO',
  'BATCH_MAX_ELEMENT_COUNT_AS_SHAPE',
  'BATCH_ITEM_SHAPE',
  'BATCH_ITEM_SHAPE_FLATTEN',
];

test('every kind of batch input is accepted, of both types and for several targets', () => {
  for (const kind of kinds) {
    assert.deepEqual(check(batchInput({ kind })), []);
    assert.deepEqual(
      check(batchInput({ kind, data_type: 'TYPE_FP32', target_name: '[ "N", "M" ]', source_input: '"W"' })),
      [],
    );
  }
});

test('a batch output is accepted, with several targets too', () => {
  assert.deepEqual(check(batchOutput('"Y", "Z"')), []);
  assert.deepEqual(check(batchOutput('"Y"', '"X"', 'kind: BATCH_SCATTER_WITH_INPUT_SHAPE')), []);
});

const refused: readonly (readonly [text: string, ...messages: string[]])[] = [
  [
    batchInput({ source_input: '[ "X", "W" ]' }),
    "batch input kind 'BATCH_ELEMENT_COUNT' expects 1 source input, got 2 for m",
  ],
  ...kinds.map((kind): [string, string] => [
    batchInput({ kind, source_input: '' }),
    `batch input kind '${kind}' expects 1 source input, got 0 for m`,
  ]),
  [batchInput({ kind: '17' }), "unknown batch input kind '' for m"],
  [batchInput({ data_type: 'TYPE_INT64' }), 'batch input data type must be TYPE_INT32 or TYPE_FP32 for m'],
  [batchInput({ data_type: '' }), 'batch input data type must be TYPE_INT32 or TYPE_FP32 for m'],
  [batchInput({ source_input: '"Y"' }), "unknown source input name 'Y' for m"],
  [batchInput({ target_name: '' }), "batch input must specify 'target_name' for m"],
  [batchInput({ target_name: '"X"' }), "target input name 'X' can only be specified once for m"],
  [batchInput({}) + batchInput({}), "target input name 'N' can only be specified once for m"],
  [
    batchInput({ kind: '17', data_type: 'TYPE_BOOL', source_input: '"Q"' }),
    "unknown batch input kind '' for m",
    'batch input data type must be TYPE_INT32 or TYPE_FP32 for m',
    "unknown source input name 'Q' for m",
  ],
  [
    batchOutput('"Y"', ''),
    "batch output kind 'BATCH_SCATTER_WITH_INPUT_SHAPE' expects 1 source input, got 0 for m",
  ],
  [
    batchOutput('"Y"', '"X", "W"'),
    "batch output kind 'BATCH_SCATTER_WITH_INPUT_SHAPE' expects 1 source input, got 2 for m",
  ],
  [batchOutput('"Y"', '"X"', 'kind: 3'), "unknown batch output kind '' for m"],
  [batchOutput('"Y"', '"Y"'), "unknown source input name 'Y' for m"],
  [batchOutput('"X"'), "unknown target output name 'X' for m"],
  [batchOutput(''), "batch output must specify 'target_name' for m"],
  [batchOutput('"Y", "Y"'), "target output name 'Y' can only be specified once for m"],
  [batchOutput() + batchOutput(), "target output name 'Y' can only be specified once for m"],
  [
    `${batchOutput('"V"')} output { name: "V" data_type: TYPE_FP32 dims: [ 2, -1 ] }`,
    "batch output 'V' has more dimensions than its source input 'X' can give a size for m",
  ],
];

for (const [text, ...messages] of refused) {
  test(`refused: ${messages.join('; ')}`, () => assert.deepEqual(check(text), messages));
}

test('a spec tells what is ragged, what the server makes, and what is cut by which input', () => {
  const text = batchInput({ kind: 'BATCH_ITEM_SHAPE', target_name: '[ "N", "M" ]', source_input: '"W"' });
  const spec = toModelSpec(read(text + batchOutput('"Z", "Y"', '"X"')));
  assert.deepEqual(
    spec.inputs.map(({ name, ragged }) => [name, ragged]),
    [
      ['X', true],
      ['W', false],
    ],
  );
  assert.deepEqual(spec.batchInputs, [
    { kind: 'BATCH_ITEM_SHAPE', datatype: 'INT32', targets: ['N', 'M'], source: 1 },
  ]);
  assert.deepEqual(spec.batchOutputs, [
    { output: 1, source: 0 },
    { output: 0, source: 0 },
  ]);
  const plain = toModelSpec(read(''));
  assert.deepEqual([plain.batchInputs, plain.batchOutputs], [undefined, undefined]);
});
