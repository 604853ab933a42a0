import { testRejected } from './rejected.js';

testRejected([
  // Maps
  [
    'parameters { key: "v" value: "v" }',
    '1:30: Expected "{", found ""v"".',
    '(in parameters["v"]: the value of this field is a message in brackets, as in { string_value: "x" })',
  ],
  [
    'parameters { key: "a" val: "b" }',
    '1:26: Message type "inference.ModelConfig.ParametersEntry" has no field named "val".',
    `(in parameters["a"]: did you mean 'value'?)`,
  ],
  [
    'parameters { key: "a" key: "b" }',
    '1:26: Non-repeated field "key" is specified multiple times.',
    '(in parameters["a"]: remove one of the two)',
  ],
  [
    'parameters { key: "a" value { string_valu: "b" } }',
    '1:42: Message type "inference.ModelParameter" has no field named "string_valu".',
    `(in parameters["a"]: did you mean 'string_value'?)`,
  ],
  [
    'metric_tags { key: 1 value: "b" }',
    '1:20: Expected string, got: 1',
    '(in metric_tags[0].key: a string stands in quotes)',
  ],
  [
    'dynamic_batching { priority_queue_policy { key: "1" } }',
    '1:49: Expected integer, got: "1"',
    '(in dynamic_batching.priority_queue_policy[0].key: a number stands without quotes)',
  ],
  // Structure
  ['foo: 1', '1:4: Message type "inference.ModelConfig" has no field named "foo".', ''],
  ['foo\n\n  : 1', '3:3: Message type "inference.ModelConfig" has no field named "foo".', ''],
  ['\tfoo: 1', '1:12: Message type "inference.ModelConfig" has no field named "foo".', ''],
  ['name: "é" foo: 1', '1:15: Message type "inference.ModelConfig" has no field named "foo".', ''],
  [
    'max_batch_sizes: 8',
    '1:16: Message type "inference.ModelConfig" has no field named "max_batch_sizes".',
    `(did you mean 'max_batch_size'?)`,
  ],
  [
    'input [\n  { name: "x" },\n  { nme: "y" }\n]',
    '3:8: Message type "inference.ModelInput" has no field named "nme".',
    `(in input[1]: did you mean 'name'?)`,
  ],
  [
    'input { name: "x"\noutput { name: "y" }',
    '2:8: Message type "inference.ModelInput" has no field named "output".',
    `(in input[0]: 'output' belongs to the config itself: is a closing bracket missing before it?)`,
  ],
  [
    'num_versions: 1',
    '1:13: Message type "inference.ModelConfig" has no field named "num_versions".',
    '(it is a field of Latest)',
  ],
  [
    'dynamic_batching { preferred_batch: 4 }',
    '1:35: Message type "inference.ModelDynamicBatching" has no field named "preferred_batch".',
    `(in dynamic_batching: did you mean 'preferred_batch_size'?)`,
  ],
  [
    'name: "a"\nname: "a"',
    '2:5: Non-repeated field "name" is specified multiple times.',
    '(remove one of the two)',
  ],
  [
    'version_policy { all { } } version_policy { }',
    '1:43: Non-repeated field "version_policy" is specified multiple times.',
    '(remove one of the two)',
  ],
  [
    'dynamic_batching { } dynamic_batching { }',
    '1:39: Non-repeated field "dynamic_batching" is specified multiple times.',
    '(remove one of the two)',
  ],
  [
    'dynamic_batching { }\nsequence_batching { }',
    '2:19: Field "sequence_batching" is specified along with field "dynamic_batching", another member of oneof "scheduling_choice".',
    '(remove one of the two)',
  ],
  [
    'input { name: "x"\n',
    '2:1: Expected identifier, got: ',
    '(in input[0]: the "{" of line 1 is not closed)',
  ],
  ['input { name: "x" } }', '1:21: Expected identifier, got: }', '(is there a closing bracket too many?)'],
  ['input { name: "x" } >', '1:21: Expected identifier, got: >', ''],
  [
    '[foo.bar]: 1',
    '1:10: Extension "foo.bar" is not defined or is not an extension of "inference.ModelConfig".',
    '',
  ],
  ['[type.googleapis.com/foo.Bar]{ }', '1:30: Extension name contains "/"', ''],
  ['[4]: 1', '1:4: Invalid identifier in type name, got: "4"', ''],
  ['[foo', '1:5: Expected "]", found "".', ''],
  ['foo: 1 bar: 2', '1:4: Message type "inference.ModelConfig" has no field named "foo".', ''],
]);
