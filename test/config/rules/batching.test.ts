import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeModelConfig } from '../../../src/config/complete.js';
import { parseModelConfig } from '../../../src/config/parse.js';
import { checkModelConfig } from '../../../src/config/rules.js';

/** What is wrong with a good config of a model of batches of 8 that has this in its dynamic_batching. */
function problems(batching: string): { code: string; message: string }[] {
  const text = `backend: "onnxruntime" max_batch_size: 8
    input { name: "X" data_type: TYPE_FP32 dims: [ 4 ] } output { name: "Y" data_type: TYPE_FP32 dims: [ 4 ] }
    dynamic_batching { ${batching} }`;
  const layout = { folder: 'm', hasOnnxFile: false, gpus: [] };
  const config = completeModelConfig(parseModelConfig(text, 'config.pbtxt'), layout);
  return checkModelConfig(config, layout).map(({ code, message }) => ({ code, message }));
}

const levels = 'priority_levels: 3 default_priority_level: 3';
const policyOf = (key: number, policy: string): string =>
  `priority_queue_policy { key: ${key} value { ${policy} } }`;

for (const batching of [
  '',
  `${levels} ${policyOf(1, 'timeout_action: DELAY')} ${policyOf(3, 'max_queue_size: 1')}`,
  // Without levels policies by level are idle, and a default level means nothing.
  policyOf(7, 'max_queue_size: 1'),
  'default_priority_level: 9',
  'preserve_ordering: true priority_levels: 1 default_priority_level: 1',
  // Only a DELAY that can come about breaks the order.
  'preserve_ordering: true default_queue_policy { timeout_action: DELAY }',
  'preserve_ordering: true default_queue_policy { default_timeout_microseconds: 5 }',
  `${levels} default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 5 }`,
]) {
  test(`accepted: dynamic_batching { ${batching} }`, () => {
    assert.deepEqual(problems(batching), []);
  });
}

const outsideLevels = 'priority queue policy must have priority level in range [1, 3] for m';
const oneLevel = `Only one priority level is allowed when 'preserve_ordering' is true for m`;
const noDelay = `Queue policy can not have DELAY as timeout action when 'preserve_ordering' is true for m`;
const delay = 'timeout_action: DELAY default_timeout_microseconds: 1';

for (const [batching, ...messages] of [
  ['preferred_batch_size: -1', 'dynamic batching preferred size must be positive for m'],
  ['preferred_batch_size: [ 8, 9 ]', 'dynamic batching preferred size must be <= max batch size for m'],
  ['priority_levels: 3', 'default priority level must be in range [1, 3] for m'],
  [`${levels} ${policyOf(0, '')}`, outsideLevels],
  [`${levels} ${policyOf(3, '')} ${policyOf(4, '')}`, outsideLevels],
  ['preserve_ordering: true priority_levels: 2 default_priority_level: 1', oneLevel],
  [`preserve_ordering: true default_queue_policy { ${delay} }`, noDelay],
  [`preserve_ordering: true ${policyOf(1, delay)}`, noDelay],
  [`preserve_ordering: true ${levels} ${policyOf(5, delay)}`, outsideLevels, oneLevel, noDelay],
] as const) {
  test(`refused: dynamic_batching { ${batching} } (${messages.join(', ')})`, () => {
    const expected = messages.map((message) => ({ code: 'invalid-argument', message }));
    assert.deepEqual(problems(batching), expected);
  });
}
