import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseModelConfig } from '../../src/config/parse.js';
import { checkWarmup, toWarmup } from '../../src/config/warmup.js';
import type { ModelConfig } from '../../src/generated/model_config_pb.js';

// models.md 11.1.

const read = (input: string, sample = 'name: "s" batch_size: 1'): ModelConfig =>
  parseModelConfig(
    `name: "m" model_warmup { ${sample} inputs { key: "X" value { ${input} } } }`,
    'config.pbtxt',
  );

const whole = { data_type: 'TYPE_FP32', dims: '[ 2 ]', zero_data: 'true' };
const fields = (about: Record<string, string>): string =>
  Object.entries({ ...whole, ...about })
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}`)
    .join(' ');
const file = (name: string): string => fields({ zero_data: '', input_data_file: JSON.stringify(name) });

const outside = (name: string): string =>
  `input_data_file '${name}' of warmup input 'X' is outside of the model's folder 'warmup'`;
const variable = "warmup setting expects all variable-size dimensions are specified for input 'X'";

const refused: readonly (readonly [row: string, input: string, message: string])[] = [
  ['-1 in dims', fields({ dims: '[ 1, -1 ]' }), variable],
  ['-1 in dims', fields({ dims: '[ -7 ]' }), variable],
  [
    'no data kind',
    fields({ zero_data: '' }),
    "[request id: <id_unknown>] warmup setting expects input 'X' to have input_data_type set",
  ],
  ['data type', fields({ data_type: '' }), "warmup setting expects input 'X' to have data_type set"],
  ...['../config.pbtxt', 'a/../../b', '/etc/passwd', '..', '', 'a\\..\\..\\b', '\\b', 'C:b', 'C:/b'].map(
    (name) => ['input_data_file', file(name), outside(name)] as const,
  ),
];

for (const [row, input, message] of refused) {
  test(`11.1 ${row}: { ${input} } is refused`, () => {
    const problems = [...checkWarmup(read(input))];
    assert.deepEqual(
      problems.map(({ code, message }) => [code, message]),
      [['invalid-argument', message]],
    );
    assert.match(problems[0]!.remedy, / in model_warmup \{ name: "s" \} of model 'm'$/);
  });
}

test('11.1: what a sample of no requests says is neither read nor refused', () => {
  for (const [, input] of refused) {
    const config = read(input, 'name: "s"');
    assert.deepEqual([...checkWarmup(config)], []);
    assert.deepEqual(toWarmup(config), []);
  }
});

const taken: readonly (readonly [row: string, input: string, data: object])[] = [
  ['zero_data', fields({}), { kind: 'zero' }],
  // Its presence decides, as in Triton.
  ['zero_data', fields({ zero_data: 'false' }), { kind: 'zero' }],
  ['random_data', fields({ zero_data: '', random_data: 'true' }), { kind: 'random' }],
  ['input_data_file', file('x.bin'), { kind: 'file', file: 'x.bin' }],
  ['input_data_file', file('of/today/..x'), { kind: 'file', file: 'of/today/..x' }],
];

for (const [row, input, data] of taken) {
  test(`11.1 ${row}: { ${input} } is taken`, () => {
    const config = read(input);
    assert.deepEqual([...checkWarmup(config)], []);
    const inputs = [{ name: 'X', datatype: 'FP32', dims: [2], data }];
    assert.deepEqual(toWarmup(config), [{ name: 's', requestCount: 1, runCount: 1, inputs }]);
  });
}

test('11.1 count: a sample is run as often as it says, and at least once', () => {
  const counts = ['', 'count: 0', 'count: 1', 'count: 3'].map(
    (count) => toWarmup(read(fields({}), `name: "s" batch_size: 2 ${count}`))[0],
  );
  assert.deepEqual(
    counts.map((sample) => [sample?.requestCount, sample?.runCount]),
    [
      [2, 1],
      [2, 1],
      [2, 1],
      [2, 3],
    ],
  );
});
