import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { wholeBytes, type TensorBytes } from '../../src/tensors/chunked-bytes.js';
import type { ModelSpec, TensorSpec } from '../../src/config/tensor-spec.js';
import { InferRequest } from '../../src/inference/request.js';
import type { OutputPlan, Run } from '../../src/instances/messages.js';
import { callerShape, fillSlot, outputBytes } from '../../src/instances/slot.js';
import { Arena } from '../../src/tensors/arena.js';
import { RegionBytes } from '../../src/tensors/region-bytes.js';
import { joinBytes } from '../../src/tensors/bytes.js';
import type { Tensor } from '../../src/tensors/tensor.js';

const arena = new Arena({ keptBytesMax: 0, shared: false });

function tensorSpec(name: string, about: Partial<TensorSpec> = {}): TensorSpec {
  const dims = about.dims ?? [4];
  return { name, datatype: 'UINT8', dims, modelDims: dims, optional: false, labelFile: '', ...about };
}

function modelSpec(about: Partial<ModelSpec> = {}): ModelSpec {
  return { name: 'm', maxBatchSize: 8, inputs: [tensorSpec('A')], outputs: [], ...about };
}

/** A tensor whose bytes start at an odd address, as those of a received message do. */
function tensor(name: string, shape: readonly number[], bytes: readonly number[] | Uint8Array): Tensor {
  const data = new Uint8Array(bytes.length + 3).subarray(3);
  data.set(bytes);
  return { name, datatype: 'UINT8', shape, data };
}

function bytesOf(run: Run, input: number): number[] {
  const { offset, byteLength } = run.inputs[input]!;
  return [...new Uint8Array(run.slot, offset, byteLength)];
}

test('the rows of one input lie behind each other, in the order of the requests', () => {
  const requests = [
    new InferRequest('', [tensor('A', [1, 4], [1, 2, 3, 4])]),
    new InferRequest('', [tensor('A', [2, 4], [5, 6, 7, 8, 9, 10, 11, 12])]),
  ];
  const run = fillSlot({ spec: modelSpec(), outputs: [] }, requests, arena);
  assert.equal(run.batchSize, 3);
  assert.deepEqual(run.inputs, [{ index: 0, shape: [3, 4], offset: 0, byteLength: 12 }]);
  assert.deepEqual(bytesOf(run, 0), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('each input and the area of the outputs start at a cache line', () => {
  const spec = modelSpec({
    inputs: [tensorSpec('A', { dims: [65] }), tensorSpec('B', { dims: [1] })],
    outputs: [tensorSpec('X'), tensorSpec('Y')],
  });
  const outputs: OutputPlan[] = [
    { rowShape: [65], rowBytes: 65 },
    { rowShape: [64], rowBytes: 64 },
  ];
  const request = new InferRequest('', [tensor('A', [1, 65], new Uint8Array(65)), tensor('B', [1, 1], [9])]);
  const run = fillSlot({ spec, outputs }, [request], arena);
  assert.deepEqual(
    run.inputs.map(({ offset }) => offset),
    [0, 128],
  );
  assert.equal(run.outputsAt, 192);
  assert.deepEqual(run.wanted, [0, 1]);
  assert.ok(run.slot.byteLength >= 192 + 128 + 64);
  assert.deepEqual(bytesOf(run, 1), [9]);
});

test('inputs are found by name, in whatever order they come', () => {
  const spec = modelSpec({ inputs: [tensorSpec('A', { dims: [1] }), tensorSpec('B', { dims: [1] })] });
  const requests = [
    new InferRequest('', [tensor('B', [1, 1], [2]), tensor('A', [1, 1], [1])]),
    new InferRequest('', [tensor('A', [1, 1], [3]), tensor('B', [1, 1], [4])]),
  ];
  const run = fillSlot({ spec, outputs: [] }, requests, arena);
  assert.deepEqual(
    [bytesOf(run, 0), bytesOf(run, 1)],
    [
      [1, 3],
      [2, 4],
    ],
  );
});

test('an optional input that was not sent is left out', () => {
  const spec = modelSpec({
    maxBatchSize: 0,
    inputs: [tensorSpec('A', { optional: true }), tensorSpec('B', { dims: [1] })],
  });
  const run = fillSlot({ spec, outputs: [] }, [new InferRequest('', [tensor('B', [1], [7])])], arena);
  assert.deepEqual(run.inputs, [{ index: 1, shape: [1], offset: 0, byteLength: 1 }]);
  assert.equal(run.batchSize, 1);
});

test('strings keep their raw form, and those of several requests are joined', () => {
  const spec = modelSpec({ inputs: [tensorSpec('A', { datatype: 'BYTES', dims: [-1] })] });
  const [first, second] = [
    joinBytes([Buffer.from('ab'), Buffer.from('')]),
    joinBytes([Buffer.from('c'), Buffer.from('d')]),
  ];
  const requests = [first, second].map((raw) => new InferRequest('', [tensor('A', [1, 2], raw)]));
  const run = fillSlot({ spec, outputs: [] }, requests, arena);
  assert.deepEqual(run.inputs[0]!.shape, [2, 2]);
  assert.deepEqual(bytesOf(run, 0), [...first, ...second]);
});

test('the model sees the shape of the reshape, and the caller gets its own back', () => {
  const input = tensorSpec('A', { dims: [-1, 4], modelDims: [2, 2, -1] });
  const batching = modelSpec({ inputs: [input] });
  const request = new InferRequest('', [tensor('A', [1, 3, 4], new Uint8Array(12))]);
  assert.deepEqual(
    fillSlot({ spec: batching, outputs: [] }, [request], arena).inputs[0]!.shape,
    [1, 2, 2, 3],
  );
  assert.deepEqual(callerShape(batching, input, [1, 2, 2, 3]), [1, 3, 4]);
  const whole = modelSpec({ maxBatchSize: 0, inputs: [input] });
  const alone = new InferRequest('', [tensor('A', [3, 4], new Uint8Array(12))]);
  assert.deepEqual(fillSlot({ spec: whole, outputs: [] }, [alone], arena).inputs[0]!.shape, [2, 2, 3]);
  assert.deepEqual(callerShape(whole, input, [2, 2, 3]), [3, 4]);
});

test('a reshape to nothing gives the model only the batch', () => {
  const input = tensorSpec('A', { dims: [1], modelDims: [] });
  const spec = modelSpec({ inputs: [input] });
  const requests = [5, 6].map((value) => new InferRequest('', [tensor('A', [1, 1], [value])]));
  assert.deepEqual(fillSlot({ spec, outputs: [] }, requests, arena).inputs[0]!.shape, [2]);
  assert.deepEqual(callerShape(spec, input, [2]), [2, 1]);
});

test('a scalar that the model gives has the dims of the config for the caller', () => {
  const output = tensorSpec('X', { dims: [1] });
  assert.deepEqual(callerShape(modelSpec({ maxBatchSize: 0 }), output, []), [1]);
});

test('only the outputs that somebody asks for are wanted, in the order of their names', () => {
  const spec = modelSpec({ outputs: [tensorSpec('Z'), tensorSpec('X'), tensorSpec('Y')] });
  const wanted = (...asked: string[][]): readonly number[] => {
    const requests = asked.map(
      (names) =>
        new InferRequest(
          '',
          [tensor('A', [1, 4], new Uint8Array(4))],
          names.map((name) => ({ name, classificationCount: 0 })),
        ),
    );
    return fillSlot({ spec, outputs: [] }, requests, arena).wanted;
  };
  assert.deepEqual(wanted([]), [1, 2, 0]);
  assert.deepEqual(wanted(['Z', 'X']), [1, 0]);
  assert.deepEqual(wanted(['Z'], ['Y']), [2, 0]);
  assert.deepEqual(wanted(['Z'], []), [1, 2, 0]);
});

test('an output takes room in the slot when its rows have a known size', () => {
  const batch = { batchSize: 5, inputs: [] };
  assert.equal(outputBytes({ rowShape: [3], rowBytes: 12 }, batch), 60);
  assert.equal(outputBytes({ rowShape: undefined, rowBytes: 0 }, batch), 0);
  assert.equal(outputBytes(undefined, batch), 0);
});

test('zero-size inputs take no room and keep their shape', () => {
  const spec = modelSpec({ inputs: [tensorSpec('A', { dims: [-1] }), tensorSpec('B', { dims: [1] })] });
  const request = new InferRequest('', [tensor('A', [1, 0], []), tensor('B', [1, 1], [3])]);
  const run = fillSlot({ spec, outputs: [] }, [request], arena);
  assert.deepEqual(run.inputs, [
    { index: 0, shape: [1, 0], offset: 0, byteLength: 0 },
    { index: 1, shape: [1, 1], offset: 0, byteLength: 1 },
  ]);
});

test('whatever the sizes, areas are aligned, apart, inside the slot and hold the bytes that were sent', () => {
  const sizes = fc.array(fc.nat(200), { minLength: 1, maxLength: 5 });
  const rows = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(sizes, rows, fc.array(fc.nat(200), { maxLength: 3 }), (widths, rowCounts, outputWidths) => {
      const spec = modelSpec({
        inputs: widths.map((width, index) => tensorSpec(`I${index}`, { dims: [width] })),
        outputs: outputWidths.map((width, index) => tensorSpec(`O${index}`, { dims: [width] })),
      });
      const outputs = outputWidths.map((width) => ({ rowShape: [width], rowBytes: width }));
      let value = 0;
      const requests = rowCounts.map(
        (count) =>
          new InferRequest(
            '',
            widths.map((width, index) =>
              tensor(
                `I${index}`,
                [count, width],
                Uint8Array.from({ length: count * width }, () => value++),
              ),
            ),
          ),
      );
      const run = fillSlot({ spec, outputs }, requests, arena);
      let end = 0;
      for (const [index, { offset, byteLength }] of run.inputs.entries()) {
        assert.ok(offset % 64 === 0 && offset >= end);
        end = offset + byteLength;
        const sent = requests.flatMap(({ inputs }) => [...wholeBytes(inputs[index]!.data as TensorBytes)]);
        assert.deepEqual(bytesOf(run, index), sent);
      }
      assert.ok(run.outputsAt % 64 === 0 && run.outputsAt >= end);
      const room = outputs.reduce((sum, plan) => sum + outputBytes(plan, run), 0);
      assert.ok(run.slot.byteLength >= run.outputsAt + room);
    }),
  );
});

test('rows that lie in shared memory are left to be read, each to its place between the others', () => {
  const place = { region: 'r', fd: 3, position: 100, byteLength: 8 };
  const shared = (shape: readonly number[], byteLength: number): InferRequest =>
    new InferRequest('', [
      { name: 'A', datatype: 'UINT8', shape, data: new RegionBytes({ ...place, byteLength }) },
    ]);
  const requests = [
    shared([2, 4], 8),
    new InferRequest('', [tensor('A', [1, 4], [1, 2, 3, 4])]),
    shared([0, 4], 0),
    shared([1, 4], 4),
  ];
  const run = fillSlot({ spec: modelSpec(), outputs: [] }, requests, arena);
  assert.equal(run.batchSize, 4);
  assert.deepEqual(run.inputs, [{ index: 0, shape: [4, 4], offset: 0, byteLength: 16 }]);
  assert.deepEqual(bytesOf(run, 0).slice(8, 12), [1, 2, 3, 4]);
  assert.deepEqual(run.reads, [
    { ...place, offset: 0 },
    { ...place, byteLength: 4, offset: 12 },
  ]);
});
