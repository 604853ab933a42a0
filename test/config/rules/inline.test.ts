import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeModelConfig } from '../../../src/config/complete.js';
import { checkInline } from '../../../src/config/rules/inline.js';
import { parseModelConfig } from '../../../src/config/parse.js';
import type { Problem } from '../../../src/config/problem.js';

function parameter(key: string, value: string): string {
  return `parameters { key: "${key}" value { string_value: "${value}" } }`;
}

function check(settings: string, where = 'inline'): Problem[] {
  const text = `name: "m" backend: "onnxruntime" ${parameter('nereid.instances', where)} ${settings}`;
  const around = { folder: 'm', hasOnnxFile: true, gpus: [0] };
  return [...checkInline(completeModelConfig(parseModelConfig(text, 'config.pbtxt'), around))];
}

const cpu = 'instance_group { kind: KIND_CPU }';

test('one instance with one thread may run on the event loop, which is what a config without numbers asks for', () => {
  for (const right of [
    cpu,
    'instance_group { kind: KIND_CPU count: 1 }',
    'instance_group [ { kind: KIND_CPU count: 1 }, { kind: KIND_CPU count: 4 passive: true } ]',
    `${cpu} ${parameter('intra_op_thread_count', '1')} ${parameter('inter_op_thread_count', '1')}`,
  ]) {
    assert.deepEqual(check(right), [], right);
  }
});

const refused: readonly (readonly [settings: string, message: string, remedy: RegExp])[] = [
  ['', 'is not supported for KIND_GPU, which instance group m has', /set kind: KIND_CPU/],
  [
    'instance_group { kind: KIND_CPU count: 2 }',
    'is for one instance, and the instance groups have 2: the event loop runs one batch at a time',
    /set count: 1/,
  ],
  [
    `${cpu} ${parameter('intra_op_thread_count', '2')}`,
    'is not supported with 2 intra-op threads: the event loop would wait for other threads',
    /remove 'nereid\.instances', or/,
  ],
  [
    `${cpu} ${parameter('nereid.intra_op_thread_count.m_0', '3')}`,
    'is not supported with 3 intra-op threads: the event loop would wait for other threads',
    /thread count/,
  ],
  [
    `${cpu} ${parameter('inter_op_thread_count', '2')}`,
    'is not supported with 2 inter-op threads: the event loop would wait for other threads',
    /thread count/,
  ],
  [
    `${cpu} ${parameter('execution_mode', '1')}`,
    'is not supported with execution_mode 1: the event loop would wait for other threads',
    /thread count/,
  ],
  [
    `${cpu} ${parameter('nereid.share_weights', 'true')}`,
    "leaves one instance, and 'nereid.share_weights' nobody to share with",
    /one of the two/,
  ],
];

for (const [settings, message, remedy] of refused) {
  test(`an instance on the event loop: ${message}`, () => {
    const [problem, ...others] = check(settings);
    assert.equal(problem?.code, 'unsupported');
    assert.equal(problem?.message, `parameter 'nereid.instances' of model 'm' is 'inline', which ${message}`);
    assert.match(problem?.remedy ?? '', remedy);
    assert.deepEqual(others, []);
    assert.deepEqual(check(settings, 'threads'), []);
  });
}
