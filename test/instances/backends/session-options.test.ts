import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { toSessionSettings } from '../../../src/config/parameters.js';
import { parseModelConfig } from '../../../src/config/parse.js';
import type { OpenMessage } from '../../../src/instances/messages.js';
import { openMessage } from '../../support/instance.js';

// models.md 4.1, 4.2: what a config says is held against what ONNX Runtime says that it was told.

const parameter = (key: string, value: string): string =>
  `parameters { key: "${key}" value { string_value: "${value}" } }`;
const level = (value: number): string => `optimization { graph { level: ${value} } }`;

const threads = (pool: 'intra' | 'inter', count: number): RegExp =>
  new RegExp(`${pool}_op_param:OrtThreadPoolParams \\{ thread_pool_size: ${count} `);
const deviceInitializers = 'session.use_device_allocator_for_initializers';

const rows: readonly (readonly [section: string, config: string, told: readonly RegExp[]])[] = [
  [
    '4.1 defaults',
    '',
    [
      /execution_mode:0 /,
      /enable_mem_pattern:1 /,
      /enable_cpu_mem_arena:1 /,
      /graph_optimization_level:4 /,
      threads('intra', 1),
      threads('inter', 1),
      /allow_spinning: 0/,
      /use_per_session_threads:1/,
    ],
  ],
  ['4.1 inter_op_thread_count', parameter('inter_op_thread_count', '3'), [threads('inter', 3)]],
  ['4.1 inter_op_thread_count', parameter('inter_op_thread_count', '-3'), [threads('inter', 1)]],
  ['4.1 execution_mode', parameter('execution_mode', '1'), [/execution_mode:1 /]],
  ['4.1 execution_mode', parameter('execution_mode', '0'), [/execution_mode:0 /]],
  ['4.1 enable_mem_arena', parameter('enable_mem_arena', 'off'), [/enable_cpu_mem_arena:0 /]],
  ['4.1 enable_mem_pattern', parameter('enable_mem_pattern', 'False'), [/enable_mem_pattern:0 /]],
  [`4.1 ${deviceInitializers}`, parameter(deviceInitializers, '1'), [new RegExp(`${deviceInitializers}: 1`)]],
  [`4.1 ${deviceInitializers}`, parameter(deviceInitializers, '0'), [new RegExp(`${deviceInitializers}: 0`)]],
  ['4.2 level -1', level(-1), [/graph_optimization_level:1 /]],
  ['4.2 level 0', level(0), [/graph_optimization_level:4 /]],
  ['4.2 level 1', level(1), [/graph_optimization_level:2 /]],
  ['4.2 level 2', level(2), [/graph_optimization_level:0 /]],
  ['4.2 level 3', level(3), [/graph_optimization_level:4 /]],
];

test('what a config says of the session reaches ONNX Runtime', async (t) => {
  const model = await openMessage('add_sub');
  const models = rows.map(([, config]): OpenMessage => {
    const session = toSessionSettings(parseModelConfig(config, 'config.pbtxt'));
    return { ...model, session };
  });
  const printer = fileURLToPath(new URL('../../support/session-printer.js', import.meta.url));
  const given = [printer, JSON.stringify([...models, { ...model, intraOpThreads: 3 }])];
  const { stderr, stdout } = await promisify(execFile)(process.execPath, given, {
    maxBuffer: 64 * 1024 * 1024,
  });
  const told = `${stdout}\n${stderr}`.split('\n').filter((line) => line.includes('Session Options {'));
  assert.equal(told.length, rows.length + 1);
  for (const [at, [section, config, expected]] of rows.entries()) {
    await t.test(`${section}: ${config}`, () => {
      for (const fragment of expected) assert.match(told[at]!, fragment);
    });
  }
  await t.test('4.1 intra_op_thread_count', () => assert.match(told.at(-1)!, threads('intra', 3)));
});
