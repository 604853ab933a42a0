import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toText } from '@bufbuild/protobuf/txtpb';
import { autoComplete, namesTensors, type Completion } from '../../src/config/auto-complete.js';
import { completeModelConfig } from '../../src/config/complete.js';
import type { IoFacts, ModelFacts, TensorFacts } from '../../src/config/model-facts.js';
import { parseModelConfig } from '../../src/config/parse.js';
import { printModelConfig } from '../../src/config/print.js';
import { checkModelConfig } from '../../src/config/rules.js';
import { ModelConfigSchema, type ModelConfig } from '../../src/generated/model_config_pb.js';

const around = { folder: 'm', hasOnnxFile: true, gpus: [] };

function tensor(name: string, shape: readonly number[], about: Partial<TensorFacts> = {}): TensorFacts {
  return { kind: 'tensor', name, datatype: 'FP32', elementType: 'FLOAT', shape, ranked: true, ...about };
}

function model(
  inputs: readonly IoFacts[],
  outputs: readonly IoFacts[],
  initializers: readonly IoFacts[] = [],
): ModelFacts {
  return { inputs, outputs, initializers };
}

function complete(text: string, facts: ModelFacts, defaultMaxBatchSize = 4): Completion {
  return autoComplete(parse(text), facts, { defaultMaxBatchSize });
}

function parse(text: string): ModelConfig {
  return completeModelConfig(parseModelConfig(text, 'config.pbtxt'), around);
}

/** A config as plain text, its defaults filled in. */
function normal(config: ModelConfig): string {
  return toText(ModelConfigSchema, completeModelConfig(config, around));
}

const batchable = model([tensor('x', [-1, 16])], [tensor('y', [-1, 10])]);
const fixed = model([tensor('x', [2, 16])], [tensor('y', [2, 10])]);
const x = 'input { name: "x" data_type: TYPE_FP32 dims: 16 }';
const y = 'output { name: "y" data_type: TYPE_FP32 dims: 10 }';
const xFixed = 'input { name: "x" data_type: TYPE_FP32 dims: [ 2, 16 ] }';
const yFixed = 'output { name: "y" data_type: TYPE_FP32 dims: [ 2, 10 ] }';
const xFree = 'input { name: "x" data_type: TYPE_FP32 dims: [ -1, 16 ] }';
const yFree = 'output { name: "y" data_type: TYPE_FP32 dims: [ -1, 10 ] }';

interface Row {
  readonly why: string;
  readonly given?: string;
  readonly facts?: ModelFacts;
  readonly byDefault?: number;
  /** The config in which the user would have written it all. */
  readonly completed: string;
}

const rows: readonly Row[] = [
  {
    why: '3.3 B D: no config at all, with a batch dimension',
    completed: `max_batch_size: 4 ${x} ${y} dynamic_batching { preferred_batch_size: 4 }`,
  },
  {
    why: '3.3 B: an explicit zero cannot be told from none',
    given: 'max_batch_size: 0',
    completed: `max_batch_size: 4 ${x} ${y} dynamic_batching { }`,
  },
  {
    why: '3.3 C: a batch size that is given stays',
    given: 'backend: "onnxruntime" max_batch_size: 7',
    completed: `max_batch_size: 7 ${x} ${y} dynamic_batching { }`,
  },
  {
    why: '3.3 C D: one sample needs no batching',
    given: 'max_batch_size: 1',
    completed: `max_batch_size: 1 ${x} ${y}`,
  },
  {
    why: '3.3 D: batching that is given stays as it is',
    given: 'dynamic_batching { max_queue_delay_microseconds: 100 }',
    completed: `max_batch_size: 4 ${x} ${y} dynamic_batching { max_queue_delay_microseconds: 100 }`,
  },
  {
    why: '3.3 D: sequences are no batches',
    given: 'sequence_batching { }',
    completed: `max_batch_size: 4 ${x} ${y} sequence_batching { }`,
  },
  { why: "3.3 D'", byDefault: 1, completed: `max_batch_size: 1 ${x} ${y}` },
  { why: "3.3 D''", byDefault: 0, completed: `${xFree} ${yFree}` },
  { why: "3.3 D'', a negative default", byDefault: -2, completed: `${xFree} ${yFree}` },
  {
    why: '3.3 C: the default is not for those who say it',
    given: 'max_batch_size: 9',
    byDefault: 0,
    completed: `max_batch_size: 9 ${x} ${y} dynamic_batching { }`,
  },
  { why: '3.3 F: fixed dimensions', facts: fixed, completed: `${xFixed} ${yFixed}` },
  {
    why: '3.3 F: a dimension of 0, which a config cannot say, varies',
    facts: model([tensor('x', [0, 16])], [tensor('y', [2, 0])]),
    completed: `${xFree} output { name: "y" data_type: TYPE_FP32 dims: [ 2, -1 ] }`,
  },
  {
    why: '3.3 A: one fixed output is enough',
    facts: model([tensor('x', [-1, 16])], [tensor('y', [2, 10])]),
    completed: `${xFree} ${yFixed}`,
  },
  {
    why: '3.3 A: one scalar input is enough',
    facts: model([tensor('x', [-1, 16]), tensor('s', [])], [tensor('y', [-1, 10])]),
    completed: `${xFree} input { name: "s" data_type: TYPE_FP32 dims: 1 } ${yFree}`,
  },
  {
    why: '3.3 G: only inputs are missing',
    given: 'output { name: "y" data_type: TYPE_FP32 dims: 10 label_filename: "l.txt" }',
    completed: `max_batch_size: 4 ${x} output { name: "y" data_type: TYPE_FP32 dims: 10 label_filename: "l.txt" } dynamic_batching { }`,
  },
  {
    why: '3.3 G: only outputs are missing',
    given: 'max_batch_size: 8 input { name: "x" data_type: TYPE_FP32 dims: -1 }',
    completed: `max_batch_size: 8 input { name: "x" data_type: TYPE_FP32 dims: -1 } ${y} dynamic_batching { }`,
  },
  {
    why: '3.3 IO: a dimension of any size, and none behind the batch',
    facts: model([tensor('x', [-1])], [tensor('y', [-1, -1, 3])]),
    completed:
      'max_batch_size: 4 dynamic_batching { } input { name: "x" data_type: TYPE_FP32 dims: 1 reshape { shape: [ ] } } output { name: "y" data_type: TYPE_FP32 dims: [ -1, 3 ] }',
  },
  {
    why: '3.3 IO: scalars',
    facts: model([tensor('x', [])], [tensor('y', [], { ranked: false })]),
    completed:
      'input { name: "x" data_type: TYPE_FP32 dims: 1 } output { name: "y" data_type: TYPE_FP32 dims: 1 }',
  },
  {
    why: "3.3 IO: the model's order, and its types",
    facts: model(
      [tensor('z', [3], { datatype: 'BYTES' }), tensor('a', [4], { datatype: 'INT64' })],
      [tensor('w', [5], { datatype: 'BOOL' }), tensor('b', [6], { datatype: 'FP16' })],
    ),
    completed:
      'input { name: "z" data_type: TYPE_STRING dims: 3 } input { name: "a" data_type: TYPE_INT64 dims: 4 } output { name: "w" data_type: TYPE_BOOL dims: 5 } output { name: "b" data_type: TYPE_FP16 dims: 6 }',
  },
  {
    why: '3.3 IO: initializers are not listed',
    facts: model([tensor('x', [-1, 16])], [tensor('y', [-1, 10])], [tensor('bias', [1])]),
    completed: `max_batch_size: 4 ${x} ${y} dynamic_batching { }`,
  },
  {
    why: 'batch inputs are not listed: the server makes them',
    given:
      'batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" data_type: TYPE_INT32 source_input: "x" }',
    facts: model([tensor('x', [-1, 16]), tensor('n', [-1])], [tensor('y', [-1, 10])]),
    completed: `max_batch_size: 4 ${x} ${y} dynamic_batching { } batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" data_type: TYPE_INT32 source_input: "x" }`,
  },
  {
    why: 'control tensors and states are not listed: the server keeps them',
    given:
      'sequence_batching { control_input { name: "start" } state { input_name: "s" output_name: "t" data_type: TYPE_FP32 dims: 1 } }',
    facts: model(
      [tensor('start', [-1, 1]), tensor('x', [-1, 16]), tensor('s', [-1, 1])],
      [tensor('t', [-1, 1]), tensor('y', [-1, 10])],
    ),
    completed: `max_batch_size: 4 ${x} ${y} sequence_batching { control_input { name: "start" } state { input_name: "s" output_name: "t" data_type: TYPE_FP32 dims: 1 } }`,
  },
];

for (const { why, given = '', facts = batchable, byDefault, completed } of rows) {
  test(`completed: ${why}`, () => {
    const { config, problems } = complete(given, facts, byDefault);
    assert.deepEqual(problems, []);
    assert.equal(normal(config), normal(parse(completed)));
  });
}

test('what Triton makes of a bare model is what is made here, and it passes every rule (models.md 3.3)', () => {
  const { config } = complete('', batchable);
  assert.equal(
    printModelConfig(completeModelConfig(config, around)),
    printModelConfig(
      parse(`name: "m" platform: "onnxruntime_onnx" backend: "onnxruntime" version_policy { latest { num_versions: 1 } }
        max_batch_size: 4 ${x} ${y} dynamic_batching { preferred_batch_size: 4 }
        instance_group { name: "m" kind: KIND_CPU count: 2 } default_model_filename: "model.onnx"
        optimization { input_pinned_memory { enable: true } output_pinned_memory { enable: true } }`),
    ),
  );
  assert.deepEqual(checkModelConfig(config, around), []);
});

test('the config that was given stays as it was', () => {
  const given = parse('max_batch_size: 0');
  const before = toText(ModelConfigSchema, given);
  autoComplete(given, batchable, { defaultMaxBatchSize: 4 });
  assert.equal(toText(ModelConfigSchema, given), before);
});

test('a batch size that was chosen is told with how to choose another, and only then (models.md 3.3 B)', () => {
  const words = (size: number): string =>
    `autofilled max_batch_size to ${size} for model 'm' since batching is supporrted but no max_batch_size is specified in model configuration. Must specify max_batch_size to utilize autofill with a larger max batch size`;
  assert.deepEqual(complete('', batchable).warnings, [words(4)]);
  assert.deepEqual(complete('', batchable, 1).warnings, [words(1)]);
  assert.deepEqual(complete('', batchable, 0).warnings, []);
  assert.deepEqual(complete('max_batch_size: 2', batchable).warnings, []);
  assert.deepEqual(complete('', fixed).warnings, []);
});

const autofill =
  "autofill failed for model 'm': model does not support batching while non-zero max_batch_size is specified";

const refused: readonly (readonly [
  why: string,
  given: string,
  facts: ModelFacts,
  code: string,
  message: string,
  remedy: RegExp,
])[] = [
  [
    '3.3 E: a fixed first dimension',
    'max_batch_size: 3',
    fixed,
    'invalid-argument',
    autofill,
    /^the model declares 'x' with shape \[2,16\]: write max_batch_size: 0/,
  ],
  [
    '3.3 E: a scalar output',
    'max_batch_size: 1',
    model([tensor('x', [-1])], [tensor('y', [])]),
    'invalid-argument',
    autofill,
    /^the model declares 'y' as a scalar: /,
  ],
  [
    '3.3 E: an unknown rank',
    'max_batch_size: 1',
    model([tensor('x', [-1])], [tensor('y', [], { ranked: false })]),
    'invalid-argument',
    autofill,
    /^the model declares 'y' without a shape: /,
  ],
  [
    '3.5: a type that the protocol has not',
    '',
    model([tensor('x', [2], { datatype: undefined, elementType: 'FLOAT8E5M2' })], [tensor('y', [2])]),
    'internal',
    "unsupported datatype TYPE_INVALID for input 'x' for model 'm'",
    /^ONNX's FLOAT8E5M2 has no datatype in the protocol/,
  ],
  [
    '3.5: a sequence',
    '',
    model([tensor('x', [2])], [{ kind: 'other', name: 'y', onnxType: 'ONNX_TYPE_SEQUENCE' }]),
    'unsupported',
    "Unsupported ONNX Type 'ONNX_TYPE_SEQUENCE' for I/O 'y', expected 'ONNX_TYPE_TENSOR'.",
    /zipmap=False/,
  ],
];

for (const [why, given, facts, code, message, remedy] of refused) {
  test(`refused: ${why}`, () => {
    const [problem, ...others] = complete(given, facts).problems;
    assert.deepEqual([problem?.code, problem?.message, others], [code, message, []]);
    assert.match(problem?.remedy ?? '', remedy);
  });
}

test('a config that names inputs and outputs is left alone, any other is not (models.md 3.2)', () => {
  assert.equal(namesTensors(parse(`${x} ${y}`)), true);
  assert.equal(namesTensors(parse(x)), false);
  assert.equal(namesTensors(parse(y)), false);
  assert.equal(namesTensors(parse('')), false);
});
