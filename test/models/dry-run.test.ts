import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelSpec } from '../../src/config/tensor-spec.js';
import { InferenceError } from '../../src/inference/error.js';
import type { Run } from '../../src/instances/messages.js';
import type { PooledInstance } from '../../src/instances/pool.js';
import { dryRun } from '../../src/models/dry-run.js';
import type { Datatype } from '../../src/tensors/datatype.js';

function model(dims: readonly number[], maxBatchSize: number, datatype: Datatype = 'INT32'): ModelSpec {
  const tensor = { datatype, dims, modelDims: dims, optional: false, labelFile: '' };
  return {
    name: 'm',
    maxBatchSize,
    inputs: [{ ...tensor, name: 'x' }],
    outputs: [{ ...tensor, name: 'y' }],
  };
}

/** An instance that returns its first input where it takes that. */
function taking(isTaken: (shape: readonly number[], first: number) => boolean): {
  instance: PooledInstance;
  shapes: (readonly number[])[];
} {
  const shapes: (readonly number[])[] = [];
  const runOne = ({ slot, inputs: [input] }: Run) => {
    const { shape, offset, byteLength } = input!;
    shapes.push(shape);
    const data = new Uint8Array(slot, offset, byteLength);
    if (!isTaken(shape, data[0]!)) {
      const error = new InferenceError('internal', `no ${shape.join('x')} of ${data[0]}`);
      return { kind: 'failed' as const, slot, error };
    }
    const outputs = [{ index: 0, datatype: 'INT32' as const, shape, data }];
    return { kind: 'done' as const, slot, outputs, inputEndUs: 0, inferEndUs: 0 };
  };
  const instance: PooledInstance = {
    name: 'm_0',
    outputs: [{ rowShape: undefined, rowBytes: 0 }],
    run: (runs) => Promise.resolve({ results: runs.map(runOne), tookUs: 0 }),
    close: () => Promise.resolve(),
  };
  return { instance, shapes };
}

test('a model that takes batches is given two requests together, and one without only one', async () => {
  const batched = taking(() => true);
  await dryRun(batched.instance, model([3], 8));
  assert.deepEqual(batched.shapes, [[2, 3]]);
  const plain = taking(() => true);
  await dryRun(plain.instance, model([3], 0));
  assert.deepEqual(plain.shapes, [[3]]);
});

test('dimensions of any size get several sizes, smallest first, until one is taken', async () => {
  const { instance, shapes } = taking(([height = 0]) => height >= 16);
  await dryRun(instance, model([-1, 3], 0));
  assert.deepEqual(shapes, [
    [1, 3],
    [1, 3],
    [16, 3],
  ]);
});

test('a model that takes no ones may take zeros', async () => {
  const { instance } = taking((_, first) => first === 0);
  await dryRun(instance, model([3], 0));
});

test('strings are numbers too', async () => {
  const spec = model([2], 0, 'BYTES');
  const { instance } = taking(() => true);
  await dryRun(instance, spec);
});

test('input that would be huge is not made up', async () => {
  const { instance, shapes } = taking(() => false);
  await assert.rejects(dryRun(instance, model([-1, -1, -1, -1], 0)));
  assert.deepEqual(new Set(shapes.map(String)), new Set(['1,1,1,1', '16,16,16,16']));
});

test('the first failure is told, with what was fed', async () => {
  const { instance } = taking(() => false);
  await assert.rejects(dryRun(instance, model([3], 0)), {
    message: /^the model fails on made-up input \('x' INT32\[3\]\): no 3 of 1\. To mend it: /,
  });
});

test('a batch that fails where a request by itself does not is told as that', async () => {
  const { instance } = taking(([rows]) => rows === 1);
  await assert.rejects(dryRun(instance, model([3], 8)), {
    message:
      /runs one request of made-up input .* fails on two together, though max_batch_size is 8: no 2x3 of 1/,
  });
});

test('a model that answers with too few rows fails', async () => {
  const { instance } = taking(() => true);
  const few: PooledInstance = {
    ...instance,
    run: async (runs) => {
      const { results, tookUs } = await instance.run(runs);
      return {
        tookUs,
        results: results.map((result) =>
          result.kind === 'failed'
            ? result
            : { ...result, outputs: result.outputs.map((output) => ({ ...output, shape: [1, 3] })) },
        ),
      };
    },
  };
  await assert.rejects(dryRun(few, model([3], 8)), {
    message: /expected batch size of at least 2 in model output, got 1/,
  });
});
