import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeModelConfig, type Surroundings } from '../../src/config/complete.js';
import { parseModelConfig } from '../../src/config/parse.js';
import { ModelInstanceGroup_Kind as Kind, type ModelConfig } from '../../src/generated/model_config_pb.js';

const alone: Surroundings = { folder: 'm', hasOnnxFile: false, gpus: [] };

function complete(text: string, around: Partial<Surroundings> = {}): ModelConfig {
  return completeModelConfig(parseModelConfig(text, 'config.pbtxt'), { ...alone, ...around });
}

test('a model is called as its folder unless the config names it', () => {
  assert.equal(complete('').name, 'm');
  assert.equal(complete('name: "other"').name, 'other');
});

const backends: readonly (readonly [
  text: string,
  hasOnnxFile: boolean,
  found: readonly [backend: string, platform: string, file: string],
])[] = [
  ['backend: "onnxruntime"', false, ['onnxruntime', 'onnxruntime_onnx', 'model.onnx']],
  ['platform: "onnxruntime_onnx"', false, ['onnxruntime', 'onnxruntime_onnx', 'model.onnx']],
  ['default_model_filename: "model.onnx"', false, ['onnxruntime', 'onnxruntime_onnx', 'model.onnx']],
  ['', true, ['onnxruntime', 'onnxruntime_onnx', 'model.onnx']],
  ['', false, ['', '', '']],
  ['default_model_filename: "resnet.onnx"', true, ['', '', 'resnet.onnx']],
  [
    'backend: "onnxruntime" default_model_filename: "resnet.onnx"',
    true,
    ['onnxruntime', 'onnxruntime_onnx', 'resnet.onnx'],
  ],
  ['backend: "pytorch"', true, ['pytorch', '', '']],
  ['platform: "onnxruntime"', true, ['', 'onnxruntime', '']],
  ['platform: "ensemble"', true, ['', 'ensemble', '']],
];

for (const [text, hasOnnxFile, [backend, platform, file]] of backends) {
  test(`a config '${text}' ${hasOnnxFile ? 'beside' : 'without'} a model.onnx has backend '${backend}'`, () => {
    const config = complete(text, { hasOnnxFile });
    assert.deepEqual(
      [config.backend, config.platform, config.defaultModelFilename],
      [backend, platform, file],
    );
  });
}

test('the latest version serves unless a policy says otherwise', () => {
  for (const text of ['', 'version_policy { }']) {
    const choice = complete(text).versionPolicy?.policyChoice;
    assert.equal(choice?.case, 'latest');
    assert.equal(choice.value.numVersions, 1);
  }
  assert.equal(complete('version_policy { all { } }').versionPolicy?.policyChoice.case, 'all');
});

function preferredSizes(text: string): readonly number[] | undefined {
  const { schedulingChoice: choice } = complete(text);
  if (choice.case === 'dynamicBatching') return choice.value.preferredBatchSize;
  if (choice.case !== 'sequenceBatching' || choice.value.strategyChoice.case !== 'oldest') return undefined;
  return choice.value.strategyChoice.value.preferredBatchSize;
}

test('the preferred batch size is the largest unless the config names some or the model does not batch', () => {
  for (const batcher of ['dynamic_batching { SIZE }', 'sequence_batching { oldest { SIZE } }']) {
    const empty = batcher.replace('SIZE', '');
    assert.deepEqual(preferredSizes(`max_batch_size: 8 ${empty}`), [8]);
    assert.deepEqual(preferredSizes(empty), []);
    const named = batcher.replace('SIZE', 'preferred_batch_size: [ 2, 4 ]');
    assert.deepEqual(preferredSizes(`max_batch_size: 8 ${named}`), [2, 4]);
  }
});

test('a sequence may be idle for a second unless the config says otherwise', () => {
  const idle = (text: string): unknown => {
    const { schedulingChoice } = complete(text);
    return schedulingChoice.case === 'sequenceBatching' && schedulingChoice.value.maxSequenceIdleMicroseconds;
  };
  assert.equal(idle('sequence_batching { }'), 1_000_000n);
  assert.equal(idle('sequence_batching { max_sequence_idle_microseconds: 7 }'), 7n);
});

test('pinned memory is on unless the config says otherwise, and an ensemble has none', () => {
  const { optimization } = complete('optimization { input_pinned_memory { } }');
  assert.equal(optimization?.inputPinnedMemory?.enable, false);
  assert.equal(optimization.outputPinnedMemory?.enable, true);
  assert.equal(complete('platform: "ensemble"').optimization, undefined);
});

interface Group {
  readonly name: string;
  readonly kind: Kind;
  readonly count: number;
  readonly gpus: readonly number[];
}

const cpuPair: Group = { name: 'm', kind: Kind.CPU, count: 2, gpus: [] };
const onnx = 'backend: "onnxruntime"';

const groups: readonly (readonly [text: string, gpus: number[], expected: Group[]])[] = [
  [onnx, [], [cpuPair]],
  [onnx, [0, 1], [{ name: 'm', kind: Kind.GPU, count: 1, gpus: [0, 1] }]],
  ['backend: "python"', [], [{ ...cpuPair, count: 1 }]],
  [`${onnx} instance_group { }`, [], [{ ...cpuPair, name: 'm_0' }]],
  [`${onnx} instance_group { kind: KIND_CPU }`, [0], [{ ...cpuPair, name: 'm_0' }]],
  [`${onnx} instance_group { kind: KIND_CPU count: 5 }`, [0], [{ ...cpuPair, name: 'm_0', count: 5 }]],
  [
    `${onnx} instance_group { kind: KIND_MODEL }`,
    [],
    [{ name: 'm_0', kind: Kind.MODEL, count: 1, gpus: [] }],
  ],
  [
    `${onnx} instance_group { kind: KIND_GPU }`,
    [0, 1],
    [{ name: 'm_0', kind: Kind.GPU, count: 1, gpus: [0, 1] }],
  ],
  [`${onnx} instance_group { gpus: 1 }`, [0, 1], [{ name: 'm_0', kind: Kind.GPU, count: 1, gpus: [1] }]],
  [`${onnx} instance_group { gpus: 7 }`, [0, 1], [{ ...cpuPair, name: 'm_0', gpus: [7] }]],
  [
    `${onnx} instance_group [ { name: "mine" kind: KIND_CPU }, { kind: KIND_CPU } ]`,
    [],
    [
      { ...cpuPair, name: 'mine' },
      { ...cpuPair, name: 'm_1' },
    ],
  ],
];

for (const [text, gpus, expected] of groups) {
  test(`with the GPUs [${gpus.join(', ')}] the instance groups of '${text}' are completed`, () => {
    const found = complete(text, { gpus }).instanceGroup.map((group) => ({
      name: group.name,
      kind: group.kind,
      count: group.count,
      gpus: group.gpus,
    }));
    assert.deepEqual(found, expected);
  });
}

test('an ensemble is given no instances', () => {
  assert.deepEqual(complete('platform: "ensemble"').instanceGroup, []);
});

test('a completed config is not changed by completing it again', () => {
  for (const [text, gpus] of groups) {
    const once = complete(text, { gpus });
    const before = structuredClone(once);
    assert.deepEqual(completeModelConfig(once, { ...alone, gpus }), before);
  }
});
