import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { BatchInputKind, BatchInputSpec } from '../../src/config/batch-spec.js';
import type { ModelSpec, TensorSpec } from '../../src/config/tensor-spec.js';
import { InferenceError } from '../../src/inference/error.js';
import { InferRequest } from '../../src/inference/request.js';
import { fedInputs } from '../../src/instances/batch-inputs.js';
import type { Run } from '../../src/instances/messages.js';
import { fillSlot } from '../../src/instances/slot.js';
import { Arena } from '../../src/tensors/arena.js';
import { joinBytes } from '../../src/tensors/bytes.js';
import { elementCount, type Shape } from '../../src/tensors/shape.js';

const arena = new Arena({ keptBytesMax: 0, shared: false });

const ragged: TensorSpec = {
  name: 'A',
  datatype: 'UINT8',
  dims: [-1, -1],
  modelDims: [-1, -1],
  optional: false,
  labelFile: '',
  ragged: true,
};

function batchInput(kind: BatchInputKind, about: Partial<BatchInputSpec> = {}): BatchInputSpec {
  return { kind, datatype: 'INT32', targets: [kind], source: 0, ...about };
}

function modelSpec(batchInputs: readonly BatchInputSpec[], about: Partial<ModelSpec> = {}): ModelSpec {
  return { name: 'm', maxBatchSize: 8, inputs: [ragged], outputs: [], batchInputs, ...about };
}

function requestOf(shape: Shape, first = 0): InferRequest {
  const data = Uint8Array.from({ length: elementCount(shape) }, (_, i) => first + i);
  return new InferRequest('', [{ name: 'A', datatype: 'UINT8', shape, data }]);
}

function fill(spec: ModelSpec, ...shapes: readonly Shape[]): Run {
  const requests = shapes.map((shape) => requestOf(shape));
  return fillSlot({ spec, outputs: [] }, requests, arena);
}

/** The shape and the numbers of an input of a run, by the name that the model has for it. */
function read(spec: ModelSpec, run: Run, name: string): [Shape, number[]] {
  const index = fedInputs(spec).findIndex((input) => input.name === name);
  const { shape, offset, byteLength } = run.inputs.find((span) => span.index === index)!;
  assert.equal(offset % 64, 0);
  const numbers =
    fedInputs(spec)[index]!.datatype === 'FP32'
      ? new Float32Array(run.slot, offset, byteLength / 4)
      : new Int32Array(run.slot, offset, byteLength / 4);
  assert.equal(numbers.length, elementCount(shape));
  return [shape, [...numbers]];
}

const batch: readonly Shape[] = [
  [1, 2, 3],
  [2, 1, 4],
  [1, 0, 5],
];

const kinds: readonly (readonly [kind: BatchInputKind, batched: unknown, alone: unknown])[] = [
  ['BATCH_ELEMENT_COUNT', [[3], [6, 8, 0]], [[1], [6]]],
  ['BATCH_ACCUMULATED_ELEMENT_COUNT', [[3], [6, 14, 14]], [[1], [6]]],
  ['BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO', [[4], [0, 6, 14, 14]], [[2], [0, 6]]],
  ['BATCH_MAX_ELEMENT_COUNT_AS_SHAPE', [[8], Array(8).fill(0)], [[6], Array(6).fill(0)]],
  [
    'BATCH_ITEM_SHAPE',
    [
      [4, 2],
      [2, 3, 1, 4, 1, 4, 0, 5],
    ],
    [
      [1, 2],
      [2, 3],
    ],
  ],
  ['BATCH_ITEM_SHAPE_FLATTEN', [[8], [2, 3, 1, 4, 1, 4, 0, 5]], [[2], [2, 3]]],
];

for (const [kind, batched, alone] of kinds) {
  for (const datatype of ['INT32', 'FP32'] as const) {
    test(`${kind} of ${datatype} is made from the shapes of the requests, with and without batching`, () => {
      const spec = modelSpec([batchInput(kind, { datatype })]);
      assert.deepEqual(read(spec, fill(spec, ...batch), kind), batched);
      assert.deepEqual(read(spec, fill(spec, [1, 2, 3]), kind), alone);
      const whole = { ...spec, maxBatchSize: 0 };
      assert.deepEqual(read(whole, fill(whole, [2, 3]), kind), alone);
    });
  }
}

test('a ragged input is one row of the elements of all requests, in their order', () => {
  const spec = modelSpec([]);
  const requests = [requestOf([1, 1, 2], 1), requestOf([2, 1, 1], 10), requestOf([1, 3, 1], 20)];
  const run = fillSlot({ spec, outputs: [] }, requests, arena);
  assert.equal(run.batchSize, 4);
  assert.deepEqual(run.inputs, [{ index: 0, shape: [7], offset: 0, byteLength: 7 }]);
  assert.deepEqual([...new Uint8Array(run.slot, 0, 7)], [1, 2, 10, 11, 20, 21, 22]);
});

test('a ragged input of strings has as many elements as there are strings', () => {
  const spec = modelSpec([], { inputs: [{ ...ragged, datatype: 'BYTES', dims: [-1], modelDims: [-1] }] });
  const requests = [['a', ''], ['bcd']].map((texts) => {
    const data = joinBytes(texts.map((text) => Buffer.from(text)));
    return new InferRequest('', [{ name: 'A', datatype: 'BYTES', shape: [1, texts.length], data }]);
  });
  assert.deepEqual(fillSlot({ spec, outputs: [] }, requests, arena).inputs[0]!.shape, [3]);
});

test('without batching a ragged input is one row too', () => {
  const spec = modelSpec([], { maxBatchSize: 0 });
  assert.deepEqual(fill(spec, [2, 3]).inputs[0]!.shape, [6]);
});

test('all targets of a batch input are given the same memory, and inputs behind it memory of their own', () => {
  const spec = modelSpec([
    batchInput('BATCH_ELEMENT_COUNT', { targets: ['N', 'M'] }),
    batchInput('BATCH_ITEM_SHAPE', { targets: ['S'], datatype: 'FP32' }),
  ]);
  const run = fill(spec, ...batch);
  assert.deepEqual(
    run.inputs.map(({ index, offset, byteLength }) => [index, offset, byteLength]),
    [
      [0, 0, 14],
      [1, 64, 12],
      [2, 64, 12],
      [3, 128, 32],
    ],
  );
  assert.equal(run.outputsAt, 192);
  assert.deepEqual(read(spec, run, 'M'), [[3], [6, 8, 0]]);
});

test('an item has the shape that the model sees, after a reshape', () => {
  const input = { ...ragged, dims: [1, -1], modelDims: [-1] };
  const spec = modelSpec([batchInput('BATCH_ITEM_SHAPE')], { inputs: [input] });
  assert.deepEqual(read(spec, fill(spec, [1, 1, 3], [2, 1, 4]), 'BATCH_ITEM_SHAPE'), [
    [3, 1],
    [3, 4, 4],
  ]);
});

test('a source may be any input, wherever a request has it, and need not be ragged', () => {
  const plain = { ...ragged, name: 'B', ragged: false, dims: [2], modelDims: [2] };
  const spec = modelSpec([batchInput('BATCH_ELEMENT_COUNT', { source: 1 })], { inputs: [ragged, plain] });
  const b = { name: 'B', datatype: 'UINT8' as const, shape: [2, 2], data: new Uint8Array(4) };
  const request = new InferRequest('', [b, ...requestOf([2, 1, 1]).inputs]);
  const run = fillSlot({ spec, outputs: [] }, [request], arena);
  assert.deepEqual(read(spec, run, 'BATCH_ELEMENT_COUNT'), [[1], [4]]);
});

test('a model sees nothing of what lay in the slot before', () => {
  const kept = new Arena({ keptBytesMax: 2 ** 20, shared: false });
  const dirty = kept.take(1);
  new Uint8Array(dirty).fill(0xff);
  kept.giveBack(dirty);
  const spec = modelSpec([batchInput('BATCH_MAX_ELEMENT_COUNT_AS_SHAPE')]);
  const run = fillSlot({ spec, outputs: [] }, [requestOf([1, 2, 3])], kept);
  assert.equal(run.slot, dirty);
  assert.deepEqual(read(spec, run, 'BATCH_MAX_ELEMENT_COUNT_AS_SHAPE'), [[6], Array(6).fill(0)]);
});

test('a count or a dimension that INT32 cannot hold is refused, and never arrives as another number', () => {
  // No such tensor fits into memory: only its shape is looked at here.
  const half = { name: 'A', datatype: 'UINT8' as const, shape: [1, 2 ** 30, 1], data: new Uint8Array() };
  const requests = [half, half].map((input) => new InferRequest('', [input]));
  const fillWith = (kind: BatchInputKind, datatype: 'INT32' | 'FP32'): Run =>
    fillSlot({ spec: modelSpec([batchInput(kind, { datatype })]), outputs: [] }, requests, arena);
  assert.throws(
    () => fillWith('BATCH_ACCUMULATED_ELEMENT_COUNT', 'INT32'),
    (error) =>
      error instanceof InferenceError &&
      error.message ===
        "batch input 'BATCH_ACCUMULATED_ELEMENT_COUNT' has to hold 2147483648, which is more than TYPE_INT32 can",
  );
  fillWith('BATCH_ELEMENT_COUNT', 'INT32');
  fillWith('BATCH_ACCUMULATED_ELEMENT_COUNT', 'FP32');
  const wide = modelSpec([batchInput('BATCH_ITEM_SHAPE')]);
  assert.throws(() => fill(wide, [1, 2 ** 31, 0]), /has to hold 2147483648/);
});

test('whatever the shapes, the batch inputs are what the shapes say, and overlap nothing', () => {
  const specs = kinds.map(([kind], i) => batchInput(kind, { datatype: i % 2 === 0 ? 'INT32' : 'FP32' }));
  const spec = modelSpec(specs, { maxBatchSize: 100 });
  const shape = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(4), fc.nat(4));
  fc.assert(
    fc.property(fc.array(shape, { minLength: 1, maxLength: 8 }), (shapes) => {
      const run = fill(spec, ...shapes);
      const counts = shapes.map(([rows, height, width]) => rows * height * width);
      const sums = counts.map((_, i) => counts.slice(0, i + 1).reduce((sum, count) => sum + count, 0));
      const items = shapes.flatMap(([rows, height, width]) =>
        Array.from({ length: rows }, () => [height, width]),
      );
      const most = Math.max(...counts);
      const expected = [
        [[shapes.length], counts],
        [[shapes.length], sums],
        [[shapes.length + 1], [0, ...sums]],
        [[most], Array(most).fill(0)],
        [[items.length, 2], items.flat()],
        [[items.length * 2], items.flat()],
      ];
      for (const [i, [kind]] of kinds.entries()) assert.deepEqual(read(spec, run, kind), expected[i]);
      const areas = [...run.inputs].sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
      for (const [i, { offset, byteLength }] of areas.entries()) {
        assert.ok(offset + byteLength <= (areas[i + 1]?.offset ?? run.outputsAt));
      }
      assert.ok(run.outputsAt <= run.slot.byteLength);
    }),
    { seed: 47, numRuns: 200 },
  );
});
