import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { IoFacts, ModelFacts, TensorFacts } from '../../src/config/model-facts.js';
import { InferenceError } from '../../src/inference/error.js';
import { countInspectThreads, inspectModel } from '../../src/instances/inspect.js';
import type { Datatype } from '../../src/tensors/datatype.js';
import { eventually, turns } from '../support/eventually.js';
import {
  encodeOnnx,
  folded,
  floatBytes,
  identities,
  onnxType,
  type OnnxGraph,
  type OnnxValue,
} from '../support/onnx-model.js';
import { brokenModels, testModels, withFolder } from '../support/server.js';

async function inspect(graph: OnnxGraph, graphOptimization: 'all' | 'disabled' = 'all'): Promise<ModelFacts> {
  return withFolder(async (folder) => {
    const modelFile = path.join(folder, 'model.onnx');
    await writeFile(modelFile, encodeOnnx(graph));
    return inspectModel({ modelFile, modelName: 'm', graphOptimization });
  });
}

function tensor(name: string, shape: readonly number[], about: Partial<TensorFacts> = {}): TensorFacts {
  return { kind: 'tensor', name, datatype: 'FP32', elementType: 'FLOAT', shape, ranked: true, ...about };
}

test('inputs and outputs come in the order of the model, whatever their names', async () => {
  const facts = await inspect(
    identities(
      [
        { name: 'z', shape: ['n', 16] },
        { name: 'a', shape: [null, 'w', 3] },
      ],
      [
        { name: 'y', shape: ['n', 16] },
        { name: 'b', shape: [null, 'w', 3] },
      ],
    ),
  );
  assert.deepEqual(facts, {
    inputs: [tensor('z', [-1, 16]), tensor('a', [-1, -1, 3])],
    outputs: [tensor('y', [-1, 16]), tensor('b', [-1, -1, 3])],
    initializers: [],
  });
});

test('shapes that the file leaves out are those that ONNX Runtime infers', async () => {
  const { outputs } = await inspect(identities([{ name: 'x', shape: ['n', 5] }], [{ name: 'y' }]));
  assert.deepEqual(outputs, [tensor('y', [-1, 5])]);
});

test('shapes are those of a model that was optimized as its instances will be', async () => {
  assert.deepEqual((await inspect(folded, 'disabled')).outputs, [tensor('y', [-1, -1])]);
  assert.deepEqual((await inspect(folded)).outputs, [tensor('y', [-1, 2])]);
});

test('a scalar is told from a tensor of unknown rank', async () => {
  const { inputs, outputs } = await inspect(
    identities(
      [{ name: 'scalar', shape: [] }, { name: 'any' }],
      [{ name: 'one', shape: [] }, { name: 'other' }],
    ),
  );
  assert.deepEqual(inputs, [tensor('scalar', []), tensor('any', [], { ranked: false })]);
  assert.deepEqual(outputs, [tensor('one', []), tensor('other', [], { ranked: false })]);
});

const datatypes: Readonly<Partial<Record<keyof typeof onnxType, Datatype>>> = {
  FLOAT: 'FP32',
  UINT8: 'UINT8',
  INT8: 'INT8',
  UINT16: 'UINT16',
  INT16: 'INT16',
  INT32: 'INT32',
  INT64: 'INT64',
  STRING: 'BYTES',
  BOOL: 'BOOL',
  FLOAT16: 'FP16',
  DOUBLE: 'FP64',
  UINT32: 'UINT32',
  UINT64: 'UINT64',
  BFLOAT16: 'BF16',
};

for (const type of Object.keys(onnxType) as (keyof typeof onnxType)[]) {
  const datatype = datatypes[type];
  test(`ONNX's ${type} is ${datatype ?? 'no datatype'} (models.md 3.3)`, async () => {
    const value = (name: string): OnnxValue => ({ name, type, shape: ['n', 2] });
    const facts = await inspect(identities([value('x')], [value('y')]));
    const expected = (name: string): IoFacts => tensor(name, [-1, 2], { datatype, elementType: type });
    assert.deepEqual(facts, { inputs: [expected('x')], outputs: [expected('y')], initializers: [] });
  });
}

test('what is no tensor is named with its type', async () => {
  const { inputs, outputs } = await inspect({
    inputs: [{ name: 'x', shape: ['n', 2] }],
    outputs: [{ name: 's', shape: [null, null], sequence: true }],
    nodes: [{ op: 'SplitToSequence', inputs: ['x'], outputs: ['s'] }],
  });
  assert.deepEqual(inputs, [tensor('x', [-1, 2])]);
  assert.deepEqual(outputs, [{ kind: 'other', name: 's', onnxType: 'ONNX_TYPE_SEQUENCE' }]);
});

const added = (irVersion: number): OnnxGraph => ({
  inputs: [
    { name: 'x', shape: ['n'] },
    { name: 'bias', shape: [1] },
  ],
  outputs: [{ name: 'y', shape: ['n'] }],
  nodes: [{ op: 'Add', inputs: ['x', 'bias'], outputs: ['y'] }],
  constants: [{ name: 'bias', dims: [1], values: [2] }],
  irVersion,
});

test('an initializer that is an input too may be overridden, from IR version 4 on', async () => {
  const facts = await inspect(added(8));
  assert.deepEqual(facts.inputs, [tensor('x', [-1])]);
  assert.deepEqual(facts.initializers, [tensor('bias', [1])]);
  const older = await inspect(added(3));
  assert.deepEqual(older.inputs, [tensor('x', [-1])]);
  assert.deepEqual(older.initializers, []);
});

test('weights in a file beside the model are found', async () => {
  await withFolder(async (folder) => {
    await mkdir(path.join(folder, 'model.onnx'));
    const modelFile = path.join(folder, 'model.onnx/model.onnx');
    const graph = added(8);
    const constants = [{ name: 'bias', dims: [1], values: [], external: 'weights.bin' }];
    await writeFile(modelFile, encodeOnnx({ ...graph, constants }));
    await writeFile(path.join(folder, 'model.onnx/weights.bin'), floatBytes([3]));
    const { inputs } = await inspectModel({ modelFile, modelName: 'm', graphOptimization: 'all' });
    assert.deepEqual(inputs, [tensor('x', [-1])]);
  });
});

test('a file that is no model fails with the words of a load', async () => {
  const modelFile = path.join(brokenModels, 'not_onnx/1/model.onnx');
  await assert.rejects(
    inspectModel({ modelFile, modelName: 'm', graphOptimization: 'all' }),
    (error) =>
      error instanceof InferenceError &&
      error.code === 'internal' &&
      error.message ===
        `onnx runtime error 1: Load model from ${modelFile} failed:Protobuf parsing failed. It is not an ONNX model, or it is damaged: export or copy it again.`,
  );
});

test('many models at once wait for few threads, which end when there is no more work', async () => {
  const modelFile = path.join(testModels, 'identity_fp32/1/model.onnx');
  let most = 0;
  const work = { done: false };
  const all = Promise.all(
    Array.from({ length: 24 }, () => inspectModel({ modelFile, modelName: 'm', graphOptimization: 'all' })),
  );
  void all.finally(() => (work.done = true));
  while (!work.done) {
    most = Math.max(most, await countInspectThreads());
    await turns(1);
  }
  assert.equal((await all).length, 24);
  assert.ok(most >= 1 && most <= 2, `${most} threads`);
  let left = most;
  const look = (): boolean => {
    void countInspectThreads().then((count) => (left = count));
    return left === 0;
  };
  await eventually(look, 'no thread is left');
});
