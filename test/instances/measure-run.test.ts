import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelSpec, TensorSpec } from '../../src/config/tensor-spec.js';
import { InferenceError } from '../../src/inference/error.js';
import type { HandBack, Instance } from '../../src/instances/instance.js';
import { measureRun } from '../../src/instances/measure-run.js';
import type { Run } from '../../src/instances/messages.js';

function tensor(datatype: TensorSpec['datatype'], dims: readonly number[]): TensorSpec {
  return { name: 'X', datatype, dims, modelDims: dims, optional: false, labelFile: '' };
}

function modelOf(input: TensorSpec, maxBatchSize = 8): ModelSpec {
  return { name: 'm', maxBatchSize, inputs: [input], outputs: [] };
}

/** An instance whose nth run takes so long as is said of it, and what it was given. */
function instanceOf(takes: (at: number) => number) {
  const handOffs: (readonly Run[])[] = [];
  let count = 0;
  const instance: Instance = {
    name: 'fake',
    async run(runs): Promise<HandBack> {
      handOffs.push(runs);
      const results = runs.map(({ slot }) => {
        const inferEndUs = takes(count++);
        return { kind: 'done', slot, outputs: [], inputEndUs: 0, inferEndUs } as const;
      });
      return { results, tookUs: 0 };
    },
  };
  return { instance, handOffs };
}

const plan = (spec: ModelSpec) => ({ spec, outputs: [] });

test('the largest batch is run, of zeros, with dimensions of any size being 1', async () => {
  const { instance, handOffs } = instanceOf(() => 20);
  await measureRun(instance, plan(modelOf(tensor('INT32', [-1, 3]))));
  const { inputs, batchSize, slot } = handOffs[0]![0]!;
  assert.deepEqual([batchSize, inputs[0]!.shape, inputs[0]!.byteLength], [8, [8, 1, 3], 96]);
  assert.deepEqual(new Set(new Uint8Array(slot, 0, 96)), new Set([0]));
});

test('a model without batches is run with its own shape', async () => {
  const { instance, handOffs } = instanceOf(() => 20);
  await measureRun(instance, plan(modelOf(tensor('FP32', [4, -1]), 0)));
  assert.deepEqual(handOffs[0]![0]!.inputs[0]!.shape, [4, 1]);
});

test('short runs are handed over together, and the first half of them is not counted', async () => {
  const { instance, handOffs } = instanceOf((at) => (at < 200 ? 90 : 20));
  assert.deepEqual(await measureRun(instance, plan(modelOf(tensor('FP32', [4])))), {
    kind: 'measured',
    medianUs: 20,
  });
  assert.deepEqual([...new Set(handOffs.map(({ length }) => length))], [1, 16]);
  assert.equal(new Set(handOffs.flat().map(({ slot }) => slot)).size, handOffs.flat().length);
});

test('a run that takes long is repeated a few times only', async () => {
  const { instance, handOffs } = instanceOf(() => 2_000_000);
  assert.deepEqual(await measureRun(instance, plan(modelOf(tensor('FP32', [4])))), {
    kind: 'measured',
    medianUs: 2_000_000,
  });
  assert.deepEqual(
    handOffs.map(({ length }) => length),
    [1, 1, 1, 1],
  );
});

test('of a model that takes strings, or fails with zeros, nothing is known', async () => {
  const { instance, handOffs } = instanceOf(() => 20);
  const strings = await measureRun(instance, plan(modelOf(tensor('BYTES', [1]))));
  assert.deepEqual(strings, { kind: 'unknown', why: 'it takes strings' });
  assert.deepEqual(handOffs, []);
  const failing: Instance = {
    name: 'failing',
    run: async (runs) => ({
      results: runs.map(({ slot }) => ({
        kind: 'failed',
        slot,
        error: new InferenceError('internal', 'bad'),
      })),
      tookUs: 0,
    }),
  };
  const failed = await measureRun(failing, plan(modelOf(tensor('FP32', [4]))));
  assert.deepEqual(failed, { kind: 'unknown', why: 'a batch of zeros fails: bad' });
});
