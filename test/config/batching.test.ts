import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toBatchingSpec, type BatchingSpec, type DelayMode } from '../../src/config/batching.js';
import { completeModelConfig } from '../../src/config/complete.js';
import { parseModelConfig } from '../../src/config/parse.js';

function specOf(text: string, wanted?: DelayMode): BatchingSpec | undefined {
  const config = parseModelConfig(`name: "m" backend: "onnxruntime" ${text}`, 'config.pbtxt');
  return toBatchingSpec(completeModelConfig(config, { folder: 'm', hasOnnxFile: true, gpus: [] }), wanted);
}

test('a config without dynamic_batching asks for no batcher, one with an empty message for the defaults', () => {
  assert.equal(specOf('max_batch_size: 8'), undefined);
  assert.deepEqual(specOf('max_batch_size: 8 dynamic_batching { }'), {
    batchSizeMax: 8,
    preferredSizes: [8],
    delayUs: 0,
    delayMode: 'adaptive',
    objectiveUs: undefined,
    preserveOrdering: false,
    levelCount: 0,
    defaultLevel: 0,
    defaultPolicy: { action: 'reject', timeoutUs: 0, overridable: false, sizeMax: Infinity },
    policies: new Map(),
  });
});

test('a model without a batch dimension has batches of one and prefers no size', () => {
  const { batchSizeMax, preferredSizes } = specOf('dynamic_batching { }')!;
  assert.deepEqual([batchSizeMax, preferredSizes], [1, []]);
});

test('all that a config says of batching arrives', () => {
  const spec = specOf(`max_batch_size: 16 dynamic_batching {
    preferred_batch_size: [ 8, 2, 16, 4 ] max_queue_delay_microseconds: 700 preserve_ordering: true
    priority_levels: 5 default_priority_level: 3
    default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 9 max_queue_size: 3 }
    priority_queue_policy { key: 2 value { allow_timeout_override: true default_timeout_microseconds: 4 } }
    priority_queue_policy { key: 5 value { timeout_action: DELAY } }
  } parameters { key: "nereid.latency_objective_ms" value { string_value: "2.5" } }`);
  const unlimited = { timeoutUs: 0, overridable: false, sizeMax: Infinity };
  assert.deepEqual(spec, {
    batchSizeMax: 16,
    preferredSizes: [2, 4, 8, 16],
    delayUs: 700,
    delayMode: 'adaptive',
    objectiveUs: 2500,
    preserveOrdering: true,
    levelCount: 5,
    defaultLevel: 3,
    defaultPolicy: { action: 'delay', timeoutUs: 9, overridable: false, sizeMax: 3 },
    policies: new Map([
      [2, { ...unlimited, action: 'reject', timeoutUs: 4, overridable: true }],
      [5, { ...unlimited, action: 'delay' }],
    ]),
  });
});

const says = (mode: string): string =>
  `parameters { key: "nereid.batch_delay" value { string_value: "${mode}" } }`;
const objective = 'parameters { key: "nereid.latency_objective_ms" value { string_value: "5" } }';

/** What is said in a config, by the server's flag, and how the batcher waits then. */
const modes: readonly (readonly [batching: string, rest: string, flag: DelayMode | undefined, DelayMode])[] =
  [
    // What the config looks like.
    ['', '', undefined, 'adaptive'],
    ['max_queue_delay_microseconds: 10000', '', undefined, 'adaptive'],
    ['max_queue_delay_microseconds: 10001', '', undefined, 'exact'],
    ['preferred_batch_size: 8', '', undefined, 'adaptive'],
    ['preferred_batch_size: 4', '', undefined, 'exact'],
    ['preferred_batch_size: [ 4, 8 ]', '', undefined, 'exact'],
    // The server's flag counts more.
    ['', '', 'exact', 'exact'],
    ['preferred_batch_size: 4', '', 'adaptive', 'adaptive'],
    ['max_queue_delay_microseconds: 20000', '', 'adaptive', 'adaptive'],
    // An objective can only be held by learning.
    ['preferred_batch_size: 4', objective, undefined, 'adaptive'],
    ['preferred_batch_size: 4', objective, 'exact', 'adaptive'],
    // The model's own word counts most.
    ['', says('exact'), undefined, 'exact'],
    ['', says('exact'), 'adaptive', 'exact'],
    ['preferred_batch_size: 4', says('adaptive'), 'exact', 'adaptive'],
    ['max_queue_delay_microseconds: 20000', says('adaptive'), undefined, 'adaptive'],
  ];

for (const [batching, rest, flag, mode] of modes) {
  test(`with { ${batching} } ${rest} and --batch-delay=${flag ?? ''} a delay is ${mode}`, () => {
    assert.equal(specOf(`max_batch_size: 8 dynamic_batching { ${batching} } ${rest}`, flag)?.delayMode, mode);
  });
}
