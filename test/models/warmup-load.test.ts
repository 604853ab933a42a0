import assert from 'node:assert/strict';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { monotonicClock } from '../../src/inference/clock.js';
import { InferenceError } from '../../src/inference/error.js';
import { InferRequest } from '../../src/inference/request.js';
import { ModelVersion } from '../../src/models/model-version.js';
import { defaultConfigOptions } from '../../src/repository/config-options.js';
import { readConfig } from '../../src/repository/model-files.js';
import { defaultLogSettings } from '../../src/telemetry/log.js';
import { Arena } from '../../src/tensors/arena.js';
import { joinBytes } from '../../src/tensors/bytes.js';
import { eventually } from '../support/eventually.js';
import { sharedSlots, tensorOf } from '../support/instance.js';
import { failure } from '../support/scheduler.js';
import { memoryLog, startServer, testModels, withFolder } from '../support/server.js';

// models.md 11.1: when samples are run, and what becomes of a version whose samples fail.

interface Setup {
  readonly model: string;
  readonly samples: string;
  /** More of the config; its own instance group is left out when this has one. */
  readonly config?: string;
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

/** Copies a model of the test repository and gives it samples. */
async function prepare(
  repository: string,
  { model, samples, config = '', files = {} }: Setup,
): Promise<string> {
  const folder = path.join(repository, model);
  await cp(path.join(testModels, model), folder, { recursive: true });
  const file = path.join(folder, 'config.pbtxt');
  const own = await readFile(file, 'utf8');
  const kept = config.includes('instance_group') ? own.replace(/^instance_group.*$/m, '') : own;
  await writeFile(file, `${kept}\n${config}\n${samples}`);
  await mkdir(path.join(folder, 'warmup'));
  for (const [name, bytes] of Object.entries(files)) {
    await writeFile(path.join(folder, 'warmup', name), bytes);
  }
  return folder;
}

interface Loaded {
  readonly version: ModelVersion | undefined;
  readonly error: InferenceError | undefined;
  readonly lines: readonly string[];
  readonly folder: string;
}

async function withLoaded(
  setup: Setup,
  use: (loaded: Loaded) => Promise<void> | void,
  heapLimitMb?: number,
): Promise<void> {
  await withFolder(async (repository) => {
    const folder = await prepare(repository, setup);
    const layout = { name: setup.model, folder, versions: [1], hasOnnxFile: true };
    const { config, problems } = await readConfig(layout, { gpus: [], configs: defaultConfigOptions });
    assert.deepEqual(problems, []);
    const { log, lines } = memoryLog({ ...defaultLogSettings, verboseLevel: 1, escape: false });
    const arena = new Arena({ keptBytesMax: 2 ** 24, shared: sharedSlots });
    const source = { config, version: 1, folder, defaultIntraOpThreads: 1 };
    const modelFile = path.join(folder, '1/model.onnx');
    const heap = heapLimitMb === undefined ? {} : { heapLimitMb };
    const parts = { clock: monotonicClock, arena, log };
    let version: ModelVersion | undefined;
    let error: InferenceError | undefined;
    try {
      version = await ModelVersion.load({ ...source, modelFile, ...heap }, parts);
    } catch (thrown) {
      assert.ok(thrown instanceof InferenceError);
      error = thrown;
    }
    try {
      await use({ version, error, lines, folder });
    } finally {
      await version?.close();
    }
  });
}

/** Which instances ran samples, in what order. */
function ran(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const [, instance, iteration] =
      /instance (\S+) is running warmup sample 's' for iteration (\d+)$/.exec(line) ?? [];
    return instance === undefined ? [] : [`${instance} ${iteration}`];
  });
}

const sample = (
  name: string,
  [type, dims]: [string, string],
  data: string,
  about = 'batch_size: 1',
): string =>
  `model_warmup { name: "s" ${about} inputs { key: "${name}" value { data_type: TYPE_${type} dims: ${dims} ${data} } } }`;
const index = (data: string, about?: string): string => sample('INDEX', ['INT64', '[ 1 ]'], data, about);
const file = (value: bigint): Uint8Array => new Uint8Array(BigInt64Array.of(value).buffer);

const failing = "failed to run warmup sample 's': onnx runtime error";

const outcomes: readonly { why: string; setup: Setup; error: string | undefined }[] = [
  {
    why: 'zeros that the model takes',
    setup: { model: 'fails_at_run', samples: index('zero_data: true') },
    error: undefined,
  },
  {
    why: 'a file that the model takes',
    setup: { model: 'fails_at_run', samples: index('input_data_file: "i"'), files: { i: file(-4n) } },
    error: undefined,
  },
  {
    why: 'a file with which the model fails',
    setup: { model: 'fails_at_run', samples: index('input_data_file: "i"'), files: { i: file(9n) } },
    error: failing,
  },
  {
    why: 'random numbers with which the model fails',
    setup: { model: 'row_lookup', samples: index('random_data: true', 'batch_size: 8') },
    error: failing,
  },
  {
    why: 'strings',
    setup: {
      model: 'identity_bytes',
      samples: sample('INPUT0', ['STRING', '[ 2 ]'], 'random_data: true', 'batch_size: 8'),
    },
    error: undefined,
  },
  {
    why: 'strings that onnxruntime-node would change',
    setup: {
      model: 'identity_bytes',
      samples: sample('INPUT0', ['STRING', '[ 1 ]'], 'input_data_file: "i"'),
      files: { i: joinBytes([Buffer.from('a\0b')]) },
    },
    error: "failed to run warmup sample 's': element 0 of BYTES input 'INPUT0' contains a NUL byte",
  },
  {
    why: 'an optional input that is left out',
    setup: { model: 'optional_inputs', samples: sample('INPUT0', ['FP32', '[ 2 ]'], 'zero_data: true') },
    error: undefined,
  },
  {
    why: 'a failing sample on the event loop',
    setup: {
      model: 'fails_at_run',
      samples: index('input_data_file: "i"'),
      files: { i: file(9n) },
      config: 'parameters { key: "nereid.instances" value { string_value: "inline" } }',
    },
    error: failing,
  },
  {
    why: 'a failing sample of a model that shares its weights',
    setup: {
      model: 'fails_at_run',
      samples: index('input_data_file: "i"'),
      files: { i: file(9n) },
      config: 'parameters { key: "nereid.share_weights" value { string_value: "true" } }',
    },
    error: failing,
  },
];

for (const { why, setup, error: expected } of outcomes) {
  test(`11.1: ${why} ${expected === undefined ? 'warms up' : 'fails the load'}`, async () => {
    await withLoaded(setup, ({ version, error, lines }) => {
      if (expected === undefined) assert.equal(error, undefined);
      else {
        assert.equal(error?.code, 'invalid-argument');
        assert.ok(error.message.startsWith(expected), error.message);
        assert.match(error.message, /; $/);
      }
      assert.deepEqual(ran(lines), [`${setup.model}_0_0 1`]);
      assert.equal(version?.statistics.snapshot().executionCount, expected === undefined ? 0 : undefined);
    });
  });
}

test('11.1 when: each instance runs the samples, but those of a passive group', async () => {
  const config =
    'instance_group { count: 2 } instance_group { count: 3 passive: true } instance_group { count: 1 }';
  const samples = index('zero_data: true', 'batch_size: 3 count: 2');
  await withLoaded({ model: 'row_lookup', samples, config }, ({ error, lines }) => {
    assert.equal(error, undefined);
    const each = ['row_lookup_0_0', 'row_lookup_0_1', 'row_lookup_2_0'];
    assert.deepEqual(
      ran(lines).sort(),
      each.flatMap((name) => [`${name} 1`, `${name} 2`]),
    );
  });
});

test('11.1 when: an instance on the event loop runs the samples too', async () => {
  const config = 'parameters { key: "nereid.instances" value { string_value: "inline" } }';
  await withLoaded({ model: 'row_lookup', samples: index('zero_data: true'), config }, ({ error, lines }) => {
    assert.equal(error, undefined);
    assert.deepEqual(ran(lines), ['row_lookup_0_0 1']);
    assert.equal(lines.filter((line) => line.includes('runs on the event loop')).length, 1);
  });
});

test('11.1 when: an instance that takes the place of a dead one runs the samples, without their files', async () => {
  const setup: Setup = {
    model: 'identity_bytes',
    samples: sample('INPUT0', ['STRING', '[ 1 ]'], 'input_data_file: "i"'),
    files: { i: joinBytes([Buffer.from('a')]) },
  };
  const strings = (texts: readonly string[]): InferRequest =>
    new InferRequest('', [
      tensorOf('INPUT0', [1, texts.length], joinBytes(texts.map((text) => Buffer.from(text)))),
    ]);
  await withLoaded(
    setup,
    async ({ version, lines, folder }) => {
      await rm(path.join(folder, 'warmup'), { recursive: true });
      const tooMany = strings(Array.from({ length: 2_000_000 }, () => 'é-'));
      assert.equal((await failure(version!.infer(tooMany))).code, 'unavailable');
      await eventually(() => lines.some((line) => line.includes('has taken over')), 'there is another one');
      assert.deepEqual(ran(lines), ['identity_bytes_0_0 1', 'identity_bytes_0_0 1']);
      (await version!.infer(strings(['after']))).release();
    },
    24,
  );
});

test('a version that is closed while a new instance warms up does not wait for all of its runs', async () => {
  const setup: Setup = {
    model: 'identity_bytes',
    samples: sample('INPUT0', ['STRING', '[ 1 ]'], 'input_data_file: "i"', 'batch_size: 1 count: 4000'),
    files: { i: joinBytes([Buffer.from('a')]) },
  };
  await withLoaded(
    setup,
    async ({ version, lines }) => {
      const before = ran(lines).length;
      assert.equal(before, 4000);
      const texts = Array.from({ length: 2_000_000 }, () => Buffer.from('é-'));
      const tooMany = new InferRequest('', [tensorOf('INPUT0', [1, texts.length], joinBytes(texts))]);
      assert.equal((await failure(version!.infer(tooMany))).code, 'unavailable');
      await eventually(() => ran(lines).length > before, 'the new one warms up');
      await version!.close();
      assert.ok(ran(lines).length < 2 * before, `${ran(lines).length - before} runs`);
    },
    24,
  );
});

test('11.1: a version whose sample fails is unavailable with the reason, and others serve', async () => {
  await withFolder(async (repository) => {
    const samples = index('input_data_file: "i"');
    await prepare(repository, { model: 'fails_at_run', samples, files: { i: file(9n) } });
    await prepare(repository, { model: 'row_lookup', samples, files: { i: file(1n) } });
    const server = await startServer({ repository });
    const entries = await server.server.index('', false);
    assert.deepEqual(
      entries.map(({ name, state }) => [name, state]),
      [
        ['fails_at_run', 'UNAVAILABLE'],
        ['row_lookup', 'READY'],
      ],
    );
    assert.match(
      entries[0]!.reason,
      /^Invalid argument: failed to run warmup sample 's': onnx runtime error \d+: .*out of data bounds.*; $/,
    );
    await server.close();
  });
});
