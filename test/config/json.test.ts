import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseModelConfigJson } from '../../src/config/json-parse.js';
import { modelConfigToJson } from '../../src/config/json.js';
import { completeModelConfig } from '../../src/config/complete.js';
import { parseModelConfig } from '../../src/config/parse.js';
import { anyConfig } from './arbitrary-config.js';

const json = (text: string): string => modelConfigToJson(parseModelConfig(text, 'p'));

test('1.4 a config is the same when its JSON is read, whatever it says', () => {
  fc.assert(
    fc.property(anyConfig, (config) => {
      const text = modelConfigToJson(config);
      if (text === '') return;
      assert.deepStrictEqual(parseModelConfigJson(text), config);
      assert.equal(modelConfigToJson(parseModelConfigJson(text)), text);
    }),
    { numRuns: 300, seed: 7 },
  );
});

test('1.4 a config that says nothing is an empty text', () => {
  assert.equal(json(''), '');
  assert.notEqual(json('optimization { }'), '');
});

test('1.4 the keys of a completed config stand in the order of the declarations', () => {
  const config = completeModelConfig(
    parseModelConfig(
      `backend: "onnxruntime" max_batch_size: 4 dynamic_batching { }
       input { name: "x" data_type: TYPE_FP32 dims: 16 } output { name: "y" data_type: TYPE_FP32 dims: 10 }`,
      'p',
    ),
    { folder: 'm', hasOnnxFile: true, gpus: [] },
  );
  assert.equal(
    modelConfigToJson(config),
    '{"name":"m","platform":"onnxruntime_onnx","backend":"onnxruntime","runtime":"",' +
      '"version_policy":{"latest":{"num_versions":1}},"max_batch_size":4,' +
      '"input":[{"name":"x","data_type":"TYPE_FP32","format":"FORMAT_NONE","dims":[16],"is_shape_tensor":false,' +
      '"allow_ragged_batch":false,"optional":false,"is_non_linear_format_io":false}],' +
      '"output":[{"name":"y","data_type":"TYPE_FP32","dims":[10],"label_filename":"","is_shape_tensor":false,' +
      '"is_non_linear_format_io":false}],"batch_input":[],"batch_output":[],' +
      '"optimization":{"priority":"PRIORITY_DEFAULT","input_pinned_memory":{"enable":true},' +
      '"output_pinned_memory":{"enable":true},"gather_kernel_buffer_threshold":0,"eager_batching":false},' +
      '"dynamic_batching":{"preferred_batch_size":[4],"max_queue_delay_microseconds":0,"preserve_ordering":false,' +
      '"priority_levels":0,"default_priority_level":0,"priority_queue_policy":{}},' +
      '"instance_group":[{"name":"m","kind":"KIND_CPU","count":2,"gpus":[],"secondary_devices":[],"profile":[],' +
      '"passive":false,"host_policy":""}],"default_model_filename":"model.onnx","cc_model_filenames":{},' +
      '"metric_tags":{},"parameters":{},"model_warmup":[]}',
  );
});

const big = '9007199254740993';

/** Fields of 64 bits, each with how it stands in the JSON. */
const integers: readonly (readonly [text: string, json: string])[] = [
  [`input { dims: ${big} }`, `"dims":[${big}]`],
  [`input { reshape { shape: ${big} } }`, `"shape":[${big}]`],
  [`output { dims: -1 }`, `"dims":[-1]`],
  [`output { reshape { shape: ${big} } }`, `"shape":[${big}]`],
  [`version_policy { specific { versions: [ 1, ${big} ] } }`, `"versions":[1,${big}]`],
  [
    'dynamic_batching { max_queue_delay_microseconds: 1 priority_levels: 2 default_priority_level: 3 }',
    '"max_queue_delay_microseconds":1,"preserve_ordering":false,"priority_levels":2,"default_priority_level":3',
  ],
  [
    'dynamic_batching { default_queue_policy { default_timeout_microseconds: 4 } }',
    '"default_timeout_microseconds":4',
  ],
  [
    'dynamic_batching { priority_queue_policy { key: 5 value { default_timeout_microseconds: 6 } } }',
    '"priority_queue_policy":{"5":{"timeout_action":"REJECT","default_timeout_microseconds":6',
  ],
  ['sequence_batching { max_sequence_idle_microseconds: 7 }', '"max_sequence_idle_microseconds":7'],
  [
    'sequence_batching { direct { max_queue_delay_microseconds: 8 } }',
    '"direct":{"max_queue_delay_microseconds":8,"minimum_slot_utilization":0}',
  ],
  ['sequence_batching { oldest { max_queue_delay_microseconds: 9 } }', '"max_queue_delay_microseconds":9'],
  ['sequence_batching { state { dims: [ 10 ] } }', '"dims":[10]'],
  [
    'sequence_batching { state { initial_state { dims: [ 11 ] } } }',
    '"initial_state":[{"data_type":"TYPE_INVALID","dims":["11"]',
  ],
  ['ensemble_scheduling { step { model_version: -1 } }', '"model_version":-1'],
  ['model_warmup { inputs { key: "x" value { dims: 12 } } }', '"dims":[12]'],
  ['optimization { cuda { graph_spec { input { key: "x" value { dim: 13 } } } } }', '"dim":["13"]'],
  ['instance_group { secondary_devices { device_id: 14 } }', '"device_id":"14"'],
];

for (const [text, expected] of integers) {
  test(`1.4 '${text}' is written as ${expected}`, () => {
    assert.ok(json(text).includes(expected), json(text));
  });
}

test('1.4 floats are as short as they can be, and what is no number is a string', () => {
  const written = json(
    'sequence_batching { control_input { control { fp32_false_true: [ 0.1, -inf, nan, -0, 16777216, 1e30 ] } } }',
  );
  assert.ok(written.includes('[0.1,"-Infinity","NaN",-0,16777216,1e+30]'), written);
  assert.ok(
    json('model_metrics { metric_control { histogram_options { buckets: [ 0.1, inf ] } } }').includes(
      '"buckets":[0.1,"Infinity"]',
    ),
  );
});

test('1.4 unset members of a oneof are left out, a set one that says nothing is not', () => {
  assert.ok(!json('model_warmup { inputs { key: "x" value { } } }').includes('_data'));
  assert.ok(
    json('model_warmup { inputs { key: "x" value { zero_data: false } } }').includes('"zero_data":false'),
  );
});

test('1.4 an enum value without a name is a number', () => {
  assert.ok(json('input { data_type: 99 }').includes('"data_type":99'));
});

const readable: readonly (readonly [json: string, text: string])[] = [
  ['{}', ''],
  ['{"max_batch_size":8,"input":null,"dynamic_batching":null}', 'max_batch_size: 8'],
  ['{"maxBatchSize":8}', 'max_batch_size: 8'],
  ['{"max_batch_size":"8"}', 'max_batch_size: 8'],
  ['{"input":[{"dims":["1",2,-1]}]}', 'input { dims: [ 1, 2, -1 ] }'],
  [`{"input":[{"dims":[${big}]}]}`, `input { dims: ${big} }`],
  [`{"name":"dims: ${big}"}`, `name: "dims: ${big}"`],
  [
    '{"input":[{"data_type":"type_fp32"},{"dataType":11}]}',
    'input { data_type: TYPE_FP32 } input { data_type: 11 }',
  ],
  ['{"dynamic_batching":{}}', 'dynamic_batching { }'],
  ['{"parameters":{"k":{"string_value":"v"}}}', 'parameters { key: "k" value { string_value: "v" } }'],
  [
    '{"model_metrics":{"metric_control":[{"histogramOptions":{"buckets":["Infinity",1]}}]}}',
    'model_metrics { metric_control { histogram_options { buckets: [ inf, 1 ] } } }',
  ],
];

for (const [text, same] of readable) {
  test(`1.4 the JSON ${text} is read`, () => {
    assert.deepStrictEqual(parseModelConfigJson(text), parseModelConfig(same, 'p'));
  });
}

const unreadable: readonly (readonly [json: string, said: RegExp])[] = [
  ['', /./],
  ['{', /./],
  ['[]', /^the config must be an object/],
  [
    '{"max_batch_sizes":1}',
    /^max_batch_sizes: message type "inference.ModelConfig" has no field named "max_batch_sizes" \(did you mean 'max_batch_size'\?\)$/,
  ],
  ['{"input":{}}', /^input must be a list/],
  [
    '{"input":[{"data_type":"FP32"}]}',
    /^input\[0\].data_type: unknown value "FP32" of enum inference.DataType \(did you mean 'TYPE_FP32'\?\)$/,
  ],
  ['{"input":[{"dims":[1.5]}]}', /dims/],
  ['{"input":[null]}', /^input\[0\] must be an object/],
  ['{"max_batch_size":2147483648}', /max_batch_size/],
  ['{"max_batch_size":1,"maxBatchSize":2}', /^maxBatchSize is given twice$/],
  ['{"parameters":[]}', /^parameters must be an object/],
  ['{"parameters":{"k":"v"}}', /^parameters\["k"\] must be an object/],
  ['{"dynamic_batching":{},"sequence_batching":{}}', /oneof/],
  ['{"name":1}', /name/],
];

for (const [text, said] of unreadable) {
  test(`1.4 the JSON ${text} is refused with the place`, () => {
    assert.throws(
      () => parseModelConfigJson(text),
      (error: Error & { code?: string }) => {
        const [prefix, detail] = [error.message.slice(0, 25), error.message.slice(25)];
        assert.equal(prefix, 'Invalid config override: ');
        assert.equal(error.code, 'invalid-argument');
        assert.match(detail, said);
        return true;
      },
    );
  });
}
