import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseConfigText, parseModelConfig } from '../../src/config/parse.js';
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
    'input{name:"x"reshape<shape:[]>}output{name:"y"}',
    'input: < name: "x" >',
  ],
  'a number of zero, given twice: it does not know that it was': ['max_batch_size: 0 max_batch_size: 4'],
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
  'floating point': [
    '1',
    '1.5',
    '.5',
    '5.',
    '1e3',
    '0.5f',
    'inf',
    '-inf',
    'nan',
    '-nan',
    'Infinity',
    '-.5',
    '- 1',
    '0',
    '1F',
  ].map(slot),
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
    String.raw`name: "\0\7\ud83d\ude00\U0010FFFF"`,
    'name: "a" # a comment, and a comma,\n, backend: "b"',
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

test('a string whose escapes make no text is refused', () => {
  for (const literal of [String.raw`"\xff"`, String.raw`"\ud800"`, String.raw`"\udc00\ud800"`]) {
    assert.throws(() => parseModelConfig(`name: ${literal}`, 'p'), /:1:7: String is not UTF-8\. \(in name: /);
  }
});

test('halves of a pair of surrogates join, and escapes may be the bytes of a character', () => {
  assert.equal(parseModelConfig(String.raw`name: "\ud83d\ude00" "\360\237\x98\x80"`, 'p').name, '😀😀');
});

test('a text is read, or refused with a place inside it', () => {
  const tokens = fc.constantFrom(
    ...`name input dims parameters key value TYPE_FP32 "x" : { } [ ] < > " 1 - , # @ é 0x . / \\`.split(' '),
    ' ',
    '\n',
    '\t',
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
        const bytes = Buffer.byteLength((lines[Number(line) - 1] ?? '').replaceAll('\t', ' '.repeat(8)));
        assert.ok(Number(line) >= 1 && Number(line) <= lines.length, error.message);
        assert.ok(Number(column) >= 1 && Number(column) <= bytes + 1, error.message);
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
          message:
            `failed to read text proto from p:1:${mistyped.length + 1}: Message type "inference.ModelConfig" ` +
            `has no field named "${mistyped}". (did you mean '${name}'?)`,
        });
      },
    ),
  );
});

test('a text of a megabyte is read', () => {
  const dims = Array.from({ length: 200_000 }, (_, i) => i + 1);
  const config = parseModelConfig(
    `# ${'x'.repeat(1024 * 1024)}\ninput { dims: [ ${dims.join(', ')} ] }`,
    'p',
  );
  assert.equal(config.input[0]?.dims.length, 200_000);
});

const places: readonly (readonly [path: string, line: number, column: number])[] = [
  ['max_batch_size', 2, 1],
  ['input', 3, 1],
  ['input[0]', 4, 3],
  ['input[0].dims', 4, 30],
  ['input[0].dims[1]', 4, 41],
  ['input[1]', 5, 3],
  ['input[1].dims', 5, 3],
  ['parameters["a.b[0]"]', 7, 1],
  ['parameters["a.b[0]"].string_value', 7, 36],
  ['parameters["none"]', 7, 1],
  ['dynamic_batching.priority_queue_policy["7"].max_queue_size', 8, 59],
];

test('a config keeps the places of its fields, and for one that it leaves out that of the nearest around it', () => {
  const { placeOf } = parseConfigText(
    'name: "a"\nmax_batch_size: 4\ninput: [\n  { name: "é", reshape { }, dims: [ 1, 2 ] },\n  { name: "y" }\n]\n' +
      'parameters { key: "a.b[0]" value { string_value: "v" } }\n' +
      'dynamic_batching { priority_queue_policy { key: 7 value { max_queue_size: 1 } } }',
    'p',
  );
  for (const [path, line, column] of places) assert.deepEqual(placeOf(path), { line, column }, path);
  assert.equal(placeOf('backend'), undefined);
});
