import { testRejected } from './rejected.js';

testRejected([
  // Lexical rules
  ['name: "a" // b', '1:11: Expected identifier, got: /', '(a comment begins with #)'],
  ['/* b */', '1:1: Expected identifier, got: /', '(a comment begins with #)'],
  ['name: "a" \u0000', '1:11: Invalid control characters encountered in text.', ''],
  ['\u0001name: "a"', '1:1: Invalid control characters encountered in text.', ''],
  [
    '\ufeffname: "a"',
    '1:1: Interpreting non ascii codepoint 239.',
    '(the file begins with a byte order mark: save it as UTF-8 without one)',
  ],
  ['name: "é" @', '1:12: Expected identifier, got: @', ''],
  [
    'naïve: 1',
    '1:3: Interpreting non ascii codepoint 195.',
    '(such characters may stand only in strings and comments)',
  ],
  [
    'maxBatchSize: 8',
    '1:13: Message type "inference.ModelConfig" has no field named "maxBatchSize".',
    `(did you mean 'max_batch_size'?)`,
  ],
  [
    '\n  maxBatchSize: 8',
    '2:15: Message type "inference.ModelConfig" has no field named "maxBatchSize".',
    `(did you mean 'max_batch_size'?)`,
  ],
  [
    'NAME: "a"',
    '1:5: Message type "inference.ModelConfig" has no field named "NAME".',
    `(did you mean 'name'?)`,
  ],
  ['4: 1', '1:1: Expected identifier, got: 4', '(fields go by name, not by number)'],
  ['name: "a";;', '1:11: Expected identifier, got: ;', '(one separator behind a field is enough)'],
  [';name: "a"', '1:1: Expected identifier, got: ;', '(one separator behind a field is enough)'],
  ['name: "a",,', '1:11: Expected identifier, got: ,', '(one separator behind a field is enough)'],
  ['1name: "a"', '1:2: Need space between number and identifier.', ''],
  ['name.5: 1', '1:5: Need space between identifier and decimal point.', ''],
  // Scalar fields
  ['name = "a"', '1:6: Expected ":", found "=".', '(a value follows a colon, as in name: "x")'],
  [
    'name "a"',
    '1:6: Expected ":", found ""a"".',
    '(a colon stands between a field and its value, as in name: "x")',
  ],
  ['name:', '1:6: Expected string, got: ', '(in name)'],
  ['name: [ "a" ]', '1:7: Expected string, got: [', '(in name: this field takes one value, not a list)'],
  [
    'max_batch_size: [ 1 ]',
    '1:17: Expected integer, got: [',
    '(in max_batch_size: this field takes one value, not a list)',
  ],
  [
    'input { data_type: [ TYPE_FP32 ] }',
    '1:20: Expected integer or identifier, got: [',
    '(in input[0].data_type: this field takes one value, not a list)',
  ],
  // Message fields
  [
    'input { name: "x" >',
    '1:19: Expected "}", found ">".',
    '(in input[0]: a bracket closes with its own kind)',
  ],
  [
    'input < name: "x" }',
    '1:19: Expected ">", found "}".',
    '(in input[0]: a bracket closes with its own kind)',
  ],
  [
    'optimization [ { } ]',
    '1:14: Expected "{", found "[".',
    '(in optimization: this field takes one message, not a list)',
  ],
  [
    'input ]',
    '1:7: Expected "{", found "]".',
    '(in input[0]: is there a comma too many before it, or a "[" missing?)',
  ],
  ['dynamic_batching', '1:17: Expected "{", found "".', '(in dynamic_batching)'],
  // Lists
  [
    'input { dims [ 1 ] }',
    '1:14: Expected ":", found "[".',
    '(in input[0]: a colon stands before a list of values, as in dims: [ 1, 2 ])',
  ],
  [
    'input { dims: [ 1 2 ] }',
    '1:19: Expected ",", found "2".',
    '(in input[0]: a comma stands between the elements of a list)',
  ],
  [
    'input { dims: [ 1, ] }',
    '1:20: Expected integer, got: ]',
    '(in input[0].dims[1]: is there a comma too many before it?)',
  ],
  [
    'input { dims: [ 1; 2 ] }',
    '1:18: Expected ",", found ";".',
    '(in input[0]: a comma stands between the elements of a list)',
  ],
  ['input { dims: [ 1', '1:18: Expected ",", found "".', '(in input[0]: the "[" of line 1 is not closed)'],
  ['input [ { } { } ]', '1:13: Expected ",", found "{".', '(a comma stands between the elements of a list)'],
  [
    'input [ { }, ]',
    '1:14: Expected "{", found "]".',
    '(in input[1]: is there a comma too many before it, or a "[" missing?)',
  ],
  ['input [\n # {\n { name: "{" }', '3:15: Expected ",", found "".', '(the "[" of line 1 is not closed)'],
]);
