import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseModelConfig } from '../../src/config/parse.js';
import { InferenceError } from '../../src/inference/error.js';

const slot = (value: string): string => `sequence_batching { direct { minimum_slot_utilization: ${value} } }`;
const enable = (value: string): string => `response_cache { enable: ${value} }`;

/** Forms of the text format that Google's own parser reads. */
const accepted: Readonly<Record<string, readonly string[]>> = {
  'an empty text and comments': ['', '# only a comment', 'name: "a" # behind\n', 'name: # between\n"a"'],
  'every kind of white space': ['name: "a"\r\nmax_batch_size: 1\r\n', '\f\v\tname : "a"'],
  'no, one comma or one semicolon behind a field': [
    'name: "a", max_batch_size: 1;',
    'name:"a"max_batch_size:1',
    'input [ { name: "x", dims: [ 1 ], }, { name: "y"; } ],',
  ],
  'a message in either bracket, with and without a colon': [
    'input { name: "x" }',
    'input: { name: "x" }',
    'input < name: "x" >',
    'input: < name: "x" >',
  ],
  'repeated numbers one by one, in lists and mixed': [
    'input { dims: 3 dims: 4 }',
    'input { dims: [ 3, 224, 224 ] }',
    'input { dims: [ ] }',
    'input { dims: 1 dims: [ 2, 3 ] }',
    'input { dims: [ - 1, 0x10, 010 ] }',
  ],
  'repeated messages one by one and in lists': [
    'input { } input { }',
    'input [ { }, { } ]',
    'input: [ { name: "a" } ]',
    'input: [ ]',
    'input [ ]',
    'input [ < name: "a" > ]',
  ],
  integers: [
    'max_batch_size: 0x1F',
    'max_batch_size: 017',
    'max_batch_size: -1',
    'max_batch_size: - 1',
    'max_batch_size: 2147483647',
    'input { dims: 9223372036854775807 }',
    'dynamic_batching { priority_levels: 18446744073709551615 }',
  ],
  'floating point': ['1', '1.5', '.5', '5.', '1e3', '0.5f', 'inf', '-inf', 'nan', '-.5'].map(slot),
  booleans: ['true', 'false', 'True', 'False', 't', 'f', '0', '1', '0x1'].map(enable),
  'enums by name and by number, known or not': [
    'input { data_type: TYPE_FP32 }',
    'input { data_type: 11 }',
    'input { data_type: 0x0B }',
    'input { data_type: 99 }',
    'input { data_type: -1 }',
  ],
  'strings in either quote, joined when adjacent, with every escape': [
    "name: 'a'",
    'name: "a" "b"\n# between\n\'c\'',
    'name: "é中"',
    String.raw`name: "\a\b\f\n\r\t\v\\\'\"\?"`,
    String.raw`name: "\101\x41\u0041\U00000041"`,
  ],
  'map entries in every form': [
    'parameters { key: "a" value: { string_value: "v" } }',
    'parameters { key: "a" value { string_value: "v" } }',
    'parameters: { key: "intra_op_thread_count" value: { string_value: "1" } }',
    'parameters [ { key: "a" }, { key: "b" } ]',
    'parameters { value { string_value: "v" } }',
    'metric_tags { key: "a" value: "b" }',
    'metric_tags { key: "a", value: "b", },',
    'dynamic_batching { priority_queue_policy { key: 1 value: { timeout_action: DELAY } } }',
  ],
  'idioms of public configs': [
    'version_policy: { all { } }',
    'version_policy { latest { num_versions: 2 }}',
    'version_policy: { specific: { versions: [ 1, 3 ] } }',
    'dynamic_batching { }',
    'instance_group [ { kind: KIND_CPU count: 1 } ]',
    'input { reshape: { shape: [ ] } }',
    'optimization { graph { level: -1 } }',
  ],
};

for (const [what, texts] of Object.entries(accepted)) {
  test(`a config may use ${what}`, () => {
    for (const text of texts) assert.doesNotThrow(() => parseModelConfig(text, 'config.pbtxt'), text);
  });
}

test('a config is read into its fields', () => {
  const config = parseModelConfig(
    `name: "a" 'b' max_batch_size: 0x10
     input [ { name: "x" data_type: TYPE_FP16 dims: 1 dims: [ -1, 017 ] }, < name: "y" data_type: 8 > ]
     parameters { key: "k" value { string_value: "old" } }
     parameters: { key: "k" value: { string_value: "new" } }`,
    'config.pbtxt',
  );
  assert.equal(config.name, 'ab');
  assert.equal(config.maxBatchSize, 16);
  assert.deepEqual(config.input[0]?.dims, [1n, -1n, 15n]);
  assert.equal(config.input[1]?.dataType, 8);
  assert.equal(config.parameters['k']?.stringValue, 'new');
});

/** Texts that must fail, each with what follows `config.pbtxt` in its message. */
const rejected: readonly (readonly [text: string, message: string])[] = [
  // Words that are not known
  ['foo: 1', ':1:1: unknown field "foo" for message inference.ModelConfig'],
  [
    'max_batch_sizes: 8',
    `:1:1: unknown field "max_batch_sizes" for message inference.ModelConfig (did you mean 'max_batch_size'?)`,
  ],
  [
    '\n  maxBatchSize: 8',
    `:2:3: unknown field "maxBatchSize" for message inference.ModelConfig (did you mean 'max_batch_size'?)`,
  ],
  ['NAME: "a"', `:1:1: unknown field "NAME" for message inference.ModelConfig (did you mean 'name'?)`],
  [
    'input [\n  { name: "x" },\n  { nme: "y" }\n]',
    `:3:5: unknown field "nme" for message inference.ModelInput (did you mean 'name'?)`,
  ],
  [
    'input { name: "x"\noutput { name: "y" }',
    `:2:1: unknown field "output" for message inference.ModelInput ('output' belongs to the config itself: is a closing bracket missing before it?)`,
  ],
  [
    'num_versions: 1',
    ':1:1: unknown field "num_versions" for message inference.ModelConfig (it is a field of Latest)',
  ],
  [
    'input { data_type: TYPE_FP322 }',
    `:1:20: unknown enum value "TYPE_FP322" for enum inference.DataType (did you mean 'TYPE_FP32'?)`,
  ],
  [
    'input { data_type: FP32 }',
    `:1:20: unknown enum value "FP32" for enum inference.DataType (did you mean 'TYPE_FP32'?)`,
  ],
  [
    'instance_group { kind: KIND_TPU_POD }',
    ':1:24: unknown enum value "KIND_TPU_POD" for enum inference.ModelInstanceGroup.Kind (expected one of KIND_AUTO, KIND_GPU, KIND_CPU, KIND_MODEL)',
  ],
  [
    'parameters { key: "a" val: "b" }',
    `:1:23: unknown field "val" in map entry (an entry has 'key' and 'value')`,
  ],
  ['[foo.bar]: 1', ':1:9: unknown extension "[foo.bar]" for message inference.ModelConfig'],
  ['4: 1', ':1:1: cannot specify field by number: 4'],
  // Brackets and separators
  ['input { name: "x"\n', ':1:18: unexpected end of input, expected "}" (the "{" of line 1 is not closed)'],
  [
    'input [\n # {\n { name: "{" }',
    ':3:15: expected "," or "]" in list, got end of input (the "[" of line 1 is not closed)',
  ],
  ['input { } }', ':1:11: expected a field name, got "}"'],
  ['input { name: "x" >', ':1:19: expected a field name, got ">"'],
  ['name: "a";;', ':1:11: expected a field name, got ";"'],
  [';name: "a"', ':1:1: expected a field name, got ";"'],
  ['input { dims: [ 1 2 ] }', ':1:19: expected "," or "]" in list, got "2"'],
  ['input { dims: [ 1, ] }', ':1:20: expected an integer, got "]" (is there a comma too many before it?)'],
  ['input { dims: [ 1; 2 ] }', ':1:18: expected "," or "]" in list, got ";"'],
  ['input [ { } { } ]', ':1:13: expected "," or "]" in list, got "{"'],
  [
    'input [ { }, ]',
    ':1:14: expected "{" or "<", got "]" (is there a comma too many before it, or a "[" missing?)',
  ],
  ['input ]', ':1:7: expected "{" or "<", got "]" (is there a comma too many before it, or a "[" missing?)'],
  // Values
  ['name "a"', ':1:1: expected ":" before value of field "name"'],
  ['input { dims [ 1 ] }', ':1:9: expected ":" before value of field "dims"'],
  ['name = "a"', ':1:6: unexpected "=" (a value follows a colon, as in name: "x")'],
  ['name:', ':1:6: expected a string, got end of input'],
  ['name: a', ':1:7: expected a string, got "a" (a string stands in quotes)'],
  ['name: 4', ':1:7: expected a string, got "4" (a string stands in quotes)'],
  ['name: [ "a" ]', ':1:7: expected a string, got "["'],
  ['name: "a\nbackend: "b"', ':1:9: invalid U+000A in string (is the closing quote of the line missing?)'],
  ['name: "a', ':1:9: unterminated string'],
  [String.raw`name: "\q"`, String.raw`:1:9: invalid escape \q`],
  ['max_batch_size: [ 1 ]', ':1:17: expected an integer, got "["'],
  ['max_batch_size: +1', ':1:17: unexpected "+"'],
  ['max_batch_size: 1.0', ':1:17: expected an integer, got "1.0"'],
  ['max_batch_size: 1e3', ':1:17: expected an integer, got "1e3"'],
  ['max_batch_size: "1"', ':1:17: expected an integer, got a string'],
  ['max_batch_size: 08', ':1:17: invalid number'],
  ['1name: "a"', ':1:1: invalid number'],
  [slot('0x1'), ':1:56: octal and hexadecimal are not valid for a float field'],
  ['dynamic_batching { priority_levels: -1 }', ':1:37: an unsigned field does not accept a negative value'],
  [
    enable('TRUE'),
    ':1:26: expected a bool, got "TRUE" (write true or false, in small letters and without quotes)',
  ],
  [enable('2'), ':1:26: expected a bool, got "2" (write true or false, in small letters and without quotes)'],
  [
    enable('"true"'),
    ':1:26: expected a bool, got a string (write true or false, in small letters and without quotes)',
  ],
  [
    'input { data_type: "TYPE_FP32" }',
    ':1:20: expected an enum value for enum inference.DataType, got a string (an enum value stands without quotes)',
  ],
  ['parameters { key: "v" value: "v" }', ':1:30: expected "{" or "<", got a string'],
  // Structure
  ['name: "a"\nname: "a"', ':2:1: non-repeated field "name" is repeated'],
  ['dynamic_batching { } dynamic_batching { }', ':1:22: oneof "scheduling_choice" is already set'],
  ['dynamic_batching { }\nsequence_batching { }', ':2:1: oneof "scheduling_choice" is already set'],
  // Other languages
  ['name: "a" // b', ':1:11: unexpected "/" (a comment begins with #)'],
  ['/* b */', ':1:1: unexpected "/" (a comment begins with #)'],
  ['name: "é" @', ':1:11: unexpected "@"'],
];

for (const [text, message] of rejected) {
  test(`a config ${JSON.stringify(text)} is refused with the place and the reason`, () => {
    assert.throws(() => parseModelConfig(text, 'config.pbtxt'), {
      code: 'internal',
      message: `failed to read text proto from config.pbtxt${message}`,
    });
  });
}

test('numbers outside their range are refused', () => {
  const outside = [
    'max_batch_size: 2147483648',
    'input { dims: 9223372036854775808 }',
    'dynamic_batching { priority_levels: 18446744073709551616 }',
  ];
  for (const text of outside) {
    assert.throws(() => parseModelConfig(text, 'config.pbtxt'), /:1:\d+: .* out of range$/);
  }
});

test('a text is read, or refused with a place inside it', () => {
  const tokens = fc.constantFrom(
    'name',
    'input',
    'dims',
    ':',
    '{',
    '}',
    '[',
    ']',
    '"x"',
    '"',
    '1',
    '-',
    ',',
    ' ',
    '\n',
    '#',
    'TYPE_FP32',
    '@',
  );
  fc.assert(
    fc.property(fc.array(tokens, { maxLength: 30 }), (parts) => {
      const text = parts.join('');
      try {
        parseModelConfig(text, 'p');
      } catch (error) {
        assert.ok(error instanceof InferenceError);
        const [, line, column] = /^failed to read text proto from p:(\d+):(\d+): ./.exec(error.message) ?? [];
        const lines = text.split('\n');
        assert.ok(Number(line) >= 1 && Number(line) <= lines.length, error.message);
        assert.ok(Number(column) >= 1 && Number(column) <= (lines[Number(line) - 1]?.length ?? 0) + 1);
      }
    }),
  );
});

test('a name that no text can mistype is offered where it belongs', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('max_batch_size', 'instance_group', 'version_policy'),
      fc.nat(13),
      (name, at) => {
        const mistyped = name.slice(0, at) + name.slice(at + 1);
        assert.throws(() => parseModelConfig(`${mistyped}: 1`, 'p'), {
          message: `failed to read text proto from p:1:1: unknown field "${mistyped}" for message inference.ModelConfig (did you mean '${name}'?)`,
        });
      },
    ),
  );
});

test('a very long text that cannot be read is refused without a search for the place', () => {
  const text = `# ${'x'.repeat(1024 * 1024)}\nfoo: 1`;
  assert.throws(() => parseModelConfig(text, 'p'), {
    message: 'failed to read text proto from p: unknown field "foo" for message inference.ModelConfig',
  });
});
