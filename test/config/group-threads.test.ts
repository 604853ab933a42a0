import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkGroupThreads, namedIntraOpThreads } from '../../src/config/group-threads.js';
import { checkParameters, unusedParameters } from '../../src/config/parameters.js';
import { parseModelConfig } from '../../src/config/parse.js';
import type { ModelConfig } from '../../src/generated/model_config_pb.js';

function config(parameters: Readonly<Record<string, string>>): ModelConfig {
  const lines = Object.entries(parameters).map(
    ([key, value]) => `parameters { key: "${key}" value { string_value: "${value}" } }`,
  );
  const groups = 'instance_group { name: "fast" } instance_group { name: "careful" }';
  return parseModelConfig(['name: "m"', groups, ...lines].join('\n'), 'config.pbtxt');
}

function named(parameters: Readonly<Record<string, string>>): (number | undefined)[] {
  const parsed = config(parameters);
  assert.deepEqual([...checkGroupThreads(parsed)], []);
  return parsed.instanceGroup.map((group) => namedIntraOpThreads(parsed, group));
}

test('a thread count of its own takes the place of the model’s for one group', () => {
  const own = 'nereid.intra_op_thread_count.fast';
  assert.deepEqual(named({ [own]: '3', intra_op_thread_count: '2' }), [3, 2]);
  assert.deepEqual(named({ [own]: '3' }), [3, undefined]);
});

test('a group’s count of zero leaves the choice to the model, and its to the server', () => {
  const own = 'nereid.intra_op_thread_count.fast';
  assert.deepEqual(named({ [own]: '0', intra_op_thread_count: '2' }), [2, 2]);
  assert.deepEqual(named({ [own]: '0', intra_op_thread_count: '0' }), [undefined, undefined]);
});

test('the key of a group is known, and no other check has anything to say of it', () => {
  const parsed = config({ 'nereid.intra_op_thread_count.fast': '3' });
  assert.deepEqual([...checkParameters(parsed)], []);
  assert.deepEqual(unusedParameters(parsed), []);
});

test('a group that does not exist is refused with the one that was meant, or all there are', () => {
  const [misspelt] = checkGroupThreads(config({ 'nereid.intra_op_thread_count.fats': '3' }));
  assert.equal(misspelt?.code, 'invalid-argument');
  assert.equal(
    misspelt?.message,
    `parameter 'nereid.intra_op_thread_count.fats' of model 'm' names the unknown instance group 'fats'`,
  );
  assert.equal(misspelt?.remedy, `did you mean 'fast'?`);
  const [other] = checkGroupThreads(config({ 'nereid.intra_op_thread_count.somewhere else': '3' }));
  assert.equal(other?.remedy, `the instance groups are: 'fast', 'careful'`);
});

test('a count that is no number is refused in the words of the others', () => {
  const [wrong] = checkGroupThreads(config({ 'nereid.intra_op_thread_count.fast': 'two' }));
  assert.equal(wrong?.message, `failed to convert 'two' to integral number`);
  assert.equal(wrong.path, 'parameters["nereid.intra_op_thread_count.fast"]');
  assert.equal(wrong.remedy, 'write an integer, as in "1"');
});
