import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkParameters,
  runsInline,
  toSessionSettings,
  unusedParameters,
} from '../../src/config/parameters.js';
import { parseModelConfig } from '../../src/config/parse.js';
import type { ModelConfig } from '../../src/generated/model_config_pb.js';

function withParameters(entries: Readonly<Record<string, string>>, rest = ''): ModelConfig {
  const lines = Object.entries(entries).map(
    ([key, value]) => `parameters { key: "${key}" value { string_value: "${value}" } }`,
  );
  return parseModelConfig(['name: "m"', ...lines, rest].join('\n'), 'config.pbtxt');
}

function messages(entries: Readonly<Record<string, string>>, rest = 'dynamic_batching { }'): string[] {
  return [...checkParameters(withParameters(entries, rest))].map(({ message }) => message);
}

test('a config without parameters leaves every choice to the server and the runtime', () => {
  assert.deepEqual(toSessionSettings(withParameters({})), {
    intraOpThreads: undefined,
    interOpThreads: undefined,
    parallel: false,
    memoryArena: true,
    memoryPattern: true,
    graphOptimization: 'all',
    shareWeights: false,
    entries: {},
  });
});

test('parameters become session settings', () => {
  const config = withParameters({
    intra_op_thread_count: '3',
    inter_op_thread_count: ' 2',
    execution_mode: ' 1',
    enable_mem_arena: 'OFF',
    enable_mem_pattern: '0',
    'nereid.share_weights': 'true',
    'session.use_device_allocator_for_initializers': 'true',
  });
  assert.deepEqual([...checkParameters(config)], []);
  assert.deepEqual(toSessionSettings(config), {
    intraOpThreads: 3,
    interOpThreads: 2,
    parallel: true,
    memoryArena: false,
    memoryPattern: false,
    graphOptimization: 'all',
    shareWeights: true,
    entries: { 'session.use_device_allocator_for_initializers': '1' },
  });
});

test('a thread count of zero leaves the choice to the server', () => {
  assert.equal(toSessionSettings(withParameters({ intra_op_thread_count: '0' })).intraOpThreads, undefined);
});

test('the level of graph optimization has the meaning that it has in Triton', () => {
  const levels = [-1, 0, 1, 2, 3].map(
    (level) =>
      toSessionSettings(withParameters({}, `optimization { graph { level: ${level} } }`)).graphOptimization,
  );
  assert.deepEqual(levels, ['basic', 'all', 'extended', 'disabled', 'all']);
});

const refusedValues: readonly (readonly [key: string, value: string, message: string])[] = [
  ['intra_op_thread_count', 'many', `failed to convert 'many' to integral number`],
  ['intra_op_thread_count', '', `failed to convert '' to integral number`],
  ['inter_op_thread_count', '99999999999', `failed to convert '99999999999' to integral number`],
  ['execution_mode', 'fast', `failed to convert 'fast' to integral number`],
  [
    'execution_mode',
    '2',
    'Invalid configuration value provided. Expected values for  execution_mode are 0 or 1 but got 2 .',
  ],
  ['enable_mem_arena', 'yes', `failed to convert 'yes' to boolean`],
  ['enable_mem_pattern', '', `failed to convert '' to boolean`],
  ['session.use_device_allocator_for_initializers', '2', `failed to convert '2' to boolean`],
  [
    'memory.enable_memory_arena_shrinkage',
    'cpu:0',
    `parameter 'memory.enable_memory_arena_shrinkage' is not supported for m`,
  ],
  [
    'TRITON_BATCH_STRATEGY_PATH',
    '/libs/batchstrategy.so',
    `parameter 'TRITON_BATCH_STRATEGY_PATH' is not supported for m`,
  ],
  ['nereid.share_weights', 'yes', `failed to convert 'yes' to boolean`],
  [
    'nereid.batch_delay',
    'auto',
    `parameter 'nereid.batch_delay' of model 'm': 'auto' is neither 'exact' nor 'adaptive'`,
  ],
  ...['', '0', '0.0', '-1', '1e3', '20 ms', ' 20', 'Infinity', '.5'].map(
    (value) =>
      [
        'nereid.latency_objective_ms',
        value,
        `parameter 'nereid.latency_objective_ms' of model 'm': '${value}' is no time in milliseconds, like '20'`,
      ] as const,
  ),
  [
    'nereid.instances',
    'process',
    `parameter 'nereid.instances' of model 'm': 'process' is neither 'threads' nor 'inline'`,
  ],
  ['nereid.batch_dely', '5', `unknown parameter 'nereid.batch_dely' for m`],
];

for (const [key, value, message] of refusedValues) {
  test(`parameter ${key} '${value}' is refused`, () => {
    assert.deepEqual(messages({ [key]: value }), [message]);
  });
}

test('a wrong value says which parameter it stands in, a misspelt key of this server what was meant', () => {
  const [wrong] = checkParameters(withParameters({ enable_mem_arena: 'yes' }));
  assert.deepEqual(
    [wrong?.path, wrong?.remedy],
    ['parameters["enable_mem_arena"]', 'write "true" or "false"'],
  );
  const [misspelt] = checkParameters(withParameters({ 'nereid.batch_dely': '5' }));
  assert.equal(misspelt?.remedy, `did you mean 'nereid.batch_delay'?`);
});

test('what may be said of the delay of a batch is accepted, but for an objective beside an exact delay', () => {
  const [mode, objective] = ['nereid.batch_delay', 'nereid.latency_objective_ms'];
  for (const right of [
    { [mode]: 'exact' },
    { [mode]: 'adaptive' },
    { [objective]: '20' },
    { [mode]: 'adaptive', [objective]: '0.5' },
  ]) {
    assert.deepEqual(messages(right), []);
    assert.deepEqual(unusedParameters(withParameters(right)), []);
  }
  assert.deepEqual(messages({ [mode]: 'exact', [objective]: '20' }), [
    `parameter 'nereid.latency_objective_ms' needs an adaptive delay for m, but 'nereid.batch_delay' is 'exact'`,
  ]);
});

test('what is said of the delay of a batch is refused where no batches are formed', () => {
  for (const [key, value] of [
    ['nereid.batch_delay', 'exact'],
    ['nereid.latency_objective_ms', '20'],
  ] as const) {
    assert.deepEqual(messages({ [key]: value }, ''), [
      `parameter '${key}' has no effect without dynamic_batching for m`,
    ]);
  }
});

test('parameters that nobody reads are named with the reason and do no harm', () => {
  const config = withParameters({
    gpu_mem_limit: 'x',
    TRITON_BATCH_STRATEGY_PATH: 'x',
    mine: 'x',
    toString: 'x',
    constructor: 'x',
  });
  assert.deepEqual([...checkParameters(config)], []);
  assert.deepEqual(unusedParameters(config), [
    { key: 'gpu_mem_limit', reason: 'has an effect only on a GPU' },
    { key: 'TRITON_BATCH_STRATEGY_PATH', reason: 'has an effect only with dynamic_batching' },
    { key: 'mine', reason: 'is not known to this server' },
    { key: 'toString', reason: 'is not known to this server' },
    { key: 'constructor', reason: 'is not known to this server' },
  ]);
});

test('4.1: what is for a GPU is checked where an instance runs on one, and goes no further', () => {
  const onGpu = 'instance_group { kind: KIND_GPU }';
  const keys = [
    'cudnn_conv_algo_search',
    'gpu_mem_limit',
    'arena_extend_strategy',
    'do_copy_in_default_stream',
  ];
  for (const key of keys) {
    assert.deepEqual(messages({ [key]: 'x' }, onGpu), [`failed to convert 'x' to integral number`]);
    assert.deepEqual(messages({ [key]: '1' }, onGpu), []);
    assert.deepEqual(messages({ [key]: 'x' }, ''), []);
    assert.deepEqual(unusedParameters(withParameters({ [key]: '1' }, onGpu)), [
      { key, reason: 'is not passed on by onnxruntime-node' },
    ]);
  }
});

test('4.1: a value of the memory arena that cannot be had says what comes near to it', () => {
  const [problem] = checkParameters(
    withParameters({ 'memory.enable_memory_arena_shrinkage': 'cpu:0;gpu:0' }),
  );
  assert.match(problem?.remedy ?? '', /remove it, or .* enable_mem_arena "0"$/);
});

test('instances run in threads unless a config asks for the event loop', () => {
  const where = [{}, { 'nereid.instances': 'threads' }, { 'nereid.instances': 'inline' }];
  assert.deepEqual(
    where.map((entries) => runsInline(withParameters(entries))),
    [false, false, true],
  );
  for (const entries of where) assert.deepEqual(messages(entries), []);
});
