import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { builtInMaxBatchSize } from '../../src/config/auto-complete.js';
import type { ConfigOptions } from '../../src/repository/config-options.js';
import { inferenceMethod } from '../support/client.js';
import { fixed, rows, serving, summary } from '../support/completed.js';
import { floatBytes, folded, identities, writeModel, type OnnxGraph } from '../support/onnx-model.js';

const four = {
  size: 4,
  inputs: ['x TYPE_FP32 2'],
  outputs: ['y TYPE_FP32 2'],
  preferred: [4],
};
const none = {
  size: 0,
  inputs: ['x TYPE_FP32 1,2'],
  outputs: ['y TYPE_FP32 1,2'],
  preferred: undefined,
};

const given: readonly (readonly [
  why: string,
  text: string | undefined,
  graph: OnnxGraph,
  configs: Partial<ConfigOptions>,
  summary: object,
])[] = [
  ['no config file', undefined, rows, {}, four],
  ['an empty config', '', rows, {}, four],
  ['only a name', 'name: "m"', rows, {}, four],
  ['only a backend', 'backend: "onnxruntime"', rows, {}, four],
  ['only a platform', 'platform: "onnxruntime_onnx"', rows, {}, four],
  ['an explicit zero', 'max_batch_size: 0', rows, {}, four],
  ['a model without batches', undefined, fixed, {}, none],
  ['a default of 16', undefined, rows, { defaultMaxBatchSize: 16 }, { ...four, size: 16, preferred: [16] }],
  ['a default of 1', undefined, rows, { defaultMaxBatchSize: 1 }, { ...four, size: 1, preferred: undefined }],
  [
    'a default of 0',
    undefined,
    rows,
    { defaultMaxBatchSize: 0 },
    { ...none, inputs: ['x TYPE_FP32 -1,2'], outputs: ['y TYPE_FP32 -1,2'] },
  ],
  [
    'half a config',
    'max_batch_size: 2 output { name: "y" data_type: TYPE_FP32 dims: 2 }',
    rows,
    {},
    { ...four, size: 2, preferred: [2] },
  ],
  [
    'a whole config, of which nothing is completed',
    'input { name: "x" data_type: TYPE_FP32 dims: [ -1, 2 ] } output { name: "y" data_type: TYPE_FP32 dims: [ -1, 2 ] }',
    rows,
    {},
    { ...none, inputs: ['x TYPE_FP32 -1,2'], outputs: ['y TYPE_FP32 -1,2'] },
  ],
];

for (const [why, text, graph, configs, expected] of given) {
  test(`ModelConfig answers the completed config, and the model serves: ${why}`, () =>
    serving(
      (root) =>
        writeModel(path.join(root, 'm'), {
          '1/model.onnx': graph,
          ...(text === undefined ? {} : { 'config.pbtxt': text }),
        }),
      configs,
      async ({ server, client, config }) => {
        assert.ok(server.complete, server.lines.join('\n'));
        assert.deepEqual(summary(await config('m')), expected);
        const outcome = await client.call(inferenceMethod('ModelInfer'), {
          model_name: 'm',
          inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2] }],
          raw_input_contents: [floatBytes([3, 4])],
        });
        assert.ok(outcome.kind === 'ok', JSON.stringify(outcome));
        assert.deepEqual(outcome.response.outputs[0].shape, ['1', '2']);
        assert.deepEqual(Uint8Array.from(outcome.response.raw_output_contents[0]), floatBytes([3, 4]));
      },
    ));
}

test('a bare model gets all else that Triton fills in (models.md 3.3)', () =>
  serving(
    (root) => writeModel(path.join(root, 'bare'), { '1/model.onnx': rows }),
    {},
    async ({ config }) => {
      const { name, platform, backend, version_policy, instance_group, default_model_filename } =
        await config('bare');
      assert.deepEqual(
        { name, platform, backend, default_model_filename, latest: version_policy.latest },
        {
          name: 'bare',
          platform: 'onnxruntime_onnx',
          backend: 'onnxruntime',
          default_model_filename: 'model.onnx',
          latest: { num_versions: 1 },
        },
      );
      const [group, ...others] = instance_group;
      assert.deepEqual([group.name, group.kind, group.count, others.length], ['bare', 'KIND_CPU', 2, 0]);
    },
  ));

test('a model is completed with the shapes that its instances have, however it is optimized', () => {
  const unoptimized = 'optimization { graph { level: 2 } }';
  return serving(
    async (root) => {
      await writeModel(path.join(root, 'folded'), { '1/model.onnx': folded });
      await writeModel(path.join(root, 'plain'), { '1/model.onnx': folded, 'config.pbtxt': unoptimized });
    },
    {},
    async ({ server, config }) => {
      assert.ok(server.complete, server.lines.join('\n'));
      assert.deepEqual(summary(await config('folded')), four);
      assert.deepEqual(summary(await config('plain')), { ...four, outputs: ['y TYPE_FP32 -1'] });
    },
  );
});

test('each version is completed from its own model', () => {
  const wide = identities([{ name: 'x', shape: ['n', 5] }], [{ name: 'y', shape: ['n', 5] }]);
  return serving(
    (root) =>
      writeModel(path.join(root, 'm'), {
        'config.pbtxt': 'version_policy { all { } }',
        '1/model.onnx': rows,
        '2/model.onnx': wide,
        '3/model.onnx': fixed,
      }),
    {},
    async ({ config }) => {
      assert.deepEqual(summary(await config('m', '1')), four);
      assert.deepEqual(summary(await config('m', '2')), {
        ...four,
        inputs: ['x TYPE_FP32 5'],
        outputs: ['y TYPE_FP32 5'],
      });
      assert.deepEqual(summary(await config('m', '3')), none);
    },
  );
});

test('a model whose dimension is always 0 is completed and serves (ours)', () => {
  const empty = identities([{ name: 'x', shape: [2, 0] }], [{ name: 'y', shape: [2, 0] }]);
  return serving(
    (root) => writeModel(path.join(root, 'm'), { '1/model.onnx': empty }),
    {},
    async ({ client, config }) => {
      assert.deepEqual(summary(await config('m')), {
        ...none,
        inputs: ['x TYPE_FP32 2,-1'],
        outputs: ['y TYPE_FP32 2,-1'],
      });
      const ask = (columns: number): ReturnType<typeof client.call> =>
        client.call(inferenceMethod('ModelInfer'), {
          model_name: 'm',
          inputs: [{ name: 'x', datatype: 'FP32', shape: [2, columns] }],
          raw_input_contents: [new Uint8Array(8 * columns)],
        });
      const answered = await ask(0);
      assert.ok(answered.kind === 'ok', JSON.stringify(answered));
      assert.deepEqual(answered.response.outputs[0].shape, ['2', '0']);
      const refused = await ask(1);
      assert.ok(refused.kind !== 'ok');
      assert.match(JSON.stringify(refused), /onnx runtime error/);
    },
  );
});

test('the log says what was chosen, and what was left alone', () =>
  serving(
    async (root) => {
      await writeModel(path.join(root, 'bare'), { '1/model.onnx': rows });
      const config =
        'max_batch_size: 2 input { name: "x" data_type: TYPE_FP32 dims: 2 } output { name: "y" data_type: TYPE_FP32 dims: 2 }';
      await writeModel(path.join(root, 'whole'), { '1/model.onnx': rows, 'config.pbtxt': config });
    },
    {},
    async ({ server }) => {
      const about = (words: string): string[] => server.lines.filter((line) => line.includes(words));
      const [warning, ...others] = about(
        `autofilled max_batch_size to ${builtInMaxBatchSize} for model 'bare'`,
      );
      assert.match(warning ?? '', /^W/);
      assert.equal(others.length, 0);
      const [skipped] = about("auto-complete for 'whole': inputs and outputs already specified");
      assert.match(skipped ?? '', /^I.*skipping model configuration auto-complete/);
      assert.equal(about('skipping model').length, 1);
    },
  ));

test('without completion nothing of a model is read into its config (models.md 3.6)', () =>
  serving(
    async (root) => {
      const output = 'output { name: "y" data_type: TYPE_FP32 dims: 2 }';
      await writeModel(path.join(root, 'bare'), { '1/model.onnx': rows });
      await writeModel(path.join(root, 'half'), { '1/model.onnx': rows, 'config.pbtxt': output });
      await writeModel(path.join(root, 'whole'), {
        '1/model.onnx': rows,
        'config.pbtxt': `max_batch_size: 3 input { name: "x" data_type: TYPE_FP32 dims: 2 } ${output}`,
      });
    },
    { autoComplete: false },
    async ({ config, reason }) => {
      assert.match(
        (await reason('bare')) ?? '',
        /^Internal: failed to open text file for read .*bare\/config\.pbtxt: no/,
      );
      assert.equal(
        await reason('half'),
        "Invalid argument: unable to load model 'half', configuration expects 0 inputs, model provides 1",
      );
      const whole = await config('whole');
      assert.deepEqual(summary(whole), { ...four, size: 3, preferred: undefined });
      assert.deepEqual([whole.backend, whole.default_model_filename], ['onnxruntime', 'model.onnx']);
    },
  ));

test('a config is found by its name, and where a model has none of that name its plain one counts', () =>
  serving(
    async (root) => {
      const files = { '1/model.onnx': rows, 'config.pbtxt': 'max_batch_size: 5' };
      await writeModel(path.join(root, 'both'), { ...files, 'configs/small.pbtxt': 'max_batch_size: 2' });
      await writeModel(path.join(root, 'plain'), { ...files, 'configs/large.pbtxt': 'max_batch_size: 9' });
      await writeModel(path.join(root, 'only'), {
        '1/model.onnx': rows,
        'configs/small.pbtxt': 'max_batch_size: 3',
      });
      await writeModel(path.join(root, 'broken'), { ...files, 'configs/small.pbtxt': 'max_batch: 3' });
    },
    { configName: 'small' },
    async ({ config, reason }) => {
      assert.equal((await config('both')).max_batch_size, 2);
      assert.equal((await config('plain')).max_batch_size, 5);
      assert.equal((await config('only')).max_batch_size, 3);
      assert.match(
        (await reason('broken')) ?? '',
        /broken\/configs\/small\.pbtxt:1:10: Message type "inference.ModelConfig" has no field named "max_batch"/,
      );
    },
  ));

test('a model in a folder with its weights beside it, and one under another name, are completed', () =>
  serving(
    async (root) => {
      const graph: OnnxGraph = {
        ...rows,
        nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
        constants: [{ name: 'w', dims: [2], values: [], external: 'weights.bin' }],
      };
      await writeModel(path.join(root, 'large'), {
        '1/model.onnx/model.onnx': graph,
        '1/model.onnx/weights.bin': floatBytes([1, 2]),
      });
      await writeModel(path.join(root, 'beside'), {
        '1/model.onnx': graph,
        '1/weights.bin': floatBytes([1, 2]),
      });
      await writeModel(path.join(root, 'renamed'), {
        '1/resnet.bin': rows,
        'config.pbtxt': 'backend: "onnxruntime" default_model_filename: "resnet.bin"',
      });
      await mkdir(path.join(root, 'elsewhere'));
      await symlink(path.join(root, 'renamed/1/resnet.bin'), path.join(root, 'elsewhere/model.onnx'));
      await mkdir(path.join(root, 'linked'));
      await symlink(path.join(root, 'elsewhere'), path.join(root, 'linked/1'));
    },
    {},
    async ({ config }) => {
      for (const name of ['large', 'beside', 'renamed', 'linked']) {
        assert.deepEqual(summary(await config(name)), four, name);
      }
    },
  ));
