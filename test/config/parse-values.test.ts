import { testRejected } from './rejected.js';

testRejected([
  // Integers
  ['max_batch_size: +1', '1:17: Expected integer, got: +', '(in max_batch_size)'],
  [
    'max_batch_size: 1.0',
    '1:17: Expected integer, got: 1.0',
    '(in max_batch_size: write it without a point or exponent)',
  ],
  [
    'max_batch_size: "1"',
    '1:17: Expected integer, got: "1"',
    '(in max_batch_size: a number stands without quotes)',
  ],
  [
    'max_batch_size: 1e3',
    '1:17: Expected integer, got: 1e3',
    '(in max_batch_size: write it without a point or exponent)',
  ],
  ['max_batch_size: 2147483648', '1:17: Integer out of range (2147483648)', '(in max_batch_size)'],
  ['max_batch_size: -2147483649', '1:18: Integer out of range (2147483649)', '(in max_batch_size)'],
  [
    'input { dims: 9223372036854775808 }',
    '1:15: Integer out of range (9223372036854775808)',
    '(in input[0].dims[0])',
  ],
  [
    'input { dims: -9223372036854775809 }',
    '1:16: Integer out of range (9223372036854775809)',
    '(in input[0].dims[0])',
  ],
  [
    'dynamic_batching { priority_levels: 18446744073709551616 }',
    '1:37: Integer out of range (18446744073709551616)',
    '(in dynamic_batching.priority_levels)',
  ],
  ['max_batch_size: 08', '1:18: Numbers starting with leading zero must be in octal.', ''],
  ['max_batch_size: 0x', '1:19: "0x" must be followed by hex digits.', ''],
  ['max_batch_size: 0x1.2', '1:20: Hex and octal numbers must be integers.', ''],
  [
    'dynamic_batching { priority_levels: -1 }',
    '1:37: Expected integer, got: -',
    '(in dynamic_batching.priority_levels: this field takes no negative number)',
  ],
  [
    'model_warmup { count: -1 }',
    '1:23: Expected integer, got: -',
    '(in model_warmup[0].count: this field takes no negative number)',
  ],
  ['max_batch_size: true', '1:17: Expected integer, got: true', '(in max_batch_size)'],
  // Floating point
  [
    'sequence_batching { direct { minimum_slot_utilization: 0x1 } }',
    '1:56: Expect a decimal number, got: 0x1',
    '(in sequence_batching.direct.minimum_slot_utilization)',
  ],
  [
    'sequence_batching { direct { minimum_slot_utilization: 017 } }',
    '1:56: Expect a decimal number, got: 017',
    '(in sequence_batching.direct.minimum_slot_utilization)',
  ],
  [
    'sequence_batching { direct { minimum_slot_utilization: 1e } }',
    '1:58: "e" must be followed by exponent.',
    '',
  ],
  [
    'sequence_batching { direct { minimum_slot_utilization: 1.2.3 } }',
    `1:59: Already saw decimal point or exponent; can't have another one.`,
    '',
  ],
  [
    'sequence_batching { direct { minimum_slot_utilization: "1" } }',
    '1:56: Expected double, got: "1"',
    '(in sequence_batching.direct.minimum_slot_utilization)',
  ],
  [
    'sequence_batching { direct { minimum_slot_utilization: Often } }',
    '1:56: Expected double, got: often',
    '(in sequence_batching.direct.minimum_slot_utilization)',
  ],
  // Booleans
  [
    'response_cache { enable: TRUE }',
    '1:31: Invalid value for boolean field "enable". Value: "TRUE".',
    '(in response_cache.enable: write true or false, in small letters)',
  ],
  ['response_cache { enable: 2 }', '1:26: Integer out of range (2)', '(in response_cache.enable)'],
  ['response_cache { enable: -1 }', '1:26: Expected identifier, got: -', '(in response_cache.enable)'],
  [
    'response_cache { enable: "true" }',
    '1:26: Expected identifier, got: "true"',
    '(in response_cache.enable: write true or false, without quotes)',
  ],
  [
    'response_cache { enable: yes }',
    '1:30: Invalid value for boolean field "enable". Value: "yes".',
    '(in response_cache.enable: write true or false, in small letters)',
  ],
  // Enums
  [
    'input { data_type: TYPE_FLOAT }',
    '1:31: Unknown enumeration value of "TYPE_FLOAT" for field "data_type".',
    `(in input[0].data_type: did you mean 'TYPE_FP32'?)`,
  ],
  [
    'input { data_type: TYPE_FP322 }',
    '1:31: Unknown enumeration value of "TYPE_FP322" for field "data_type".',
    `(in input[0].data_type: did you mean 'TYPE_FP32'?)`,
  ],
  [
    'input { data_type: FP32 }',
    '1:25: Unknown enumeration value of "FP32" for field "data_type".',
    `(in input[0].data_type: did you mean 'TYPE_FP32'?)`,
  ],
  [
    'input { data_type: int64 }',
    '1:26: Unknown enumeration value of "int64" for field "data_type".',
    `(in input[0].data_type: did you mean 'TYPE_INT64'?)`,
  ],
  [
    'input { data_type: "TYPE_FP32" }',
    '1:20: Expected integer or identifier, got: "TYPE_FP32"',
    '(in input[0].data_type: an enum value stands without quotes)',
  ],
  [
    'instance_group { kind: KIND_TPU_POD }',
    '1:37: Unknown enumeration value of "KIND_TPU_POD" for field "kind".',
    '(in instance_group[0].kind: expected one of KIND_AUTO, KIND_GPU, KIND_CPU, KIND_MODEL)',
  ],
  ['input { data_type: 99999999999 }', '1:20: Integer out of range (99999999999)', '(in input[0].data_type)'],
  ['input { data_type: 1.0 }', '1:20: Expected integer or identifier, got: 1.0', '(in input[0].data_type)'],
  // Strings
  ['name: a', '1:7: Expected string, got: a', '(in name: a string stands in quotes)'],
  ['name: 4', '1:7: Expected string, got: 4', '(in name: a string stands in quotes)'],
  [
    'name: "a\nbackend: "b"',
    '1:9: Multiline strings are not allowed. Did you miss a "?.',
    '(is the closing quote of the line missing?)',
  ],
  ['name: "a', '1:9: Unexpected end of string.', '(the closing quote is missing)'],
  ['name: "a\\', '1:10: Invalid escape sequence in string literal.', '(a backslash itself is written \\\\)'],
  ['name: "\\q"', '1:9: Invalid escape sequence in string literal.', '(a backslash itself is written \\\\)'],
  ['name: "\\xg"', '1:10: Expected hex digits for escape sequence.', ''],
  ['name: "\\u12"', '1:12: Expected four hex digits for \\u escape sequence.', ''],
  ['name: "\\U00110"', '1:15: Expected eight hex digits up to 10ffff for \\U escape sequence', ''],
]);
