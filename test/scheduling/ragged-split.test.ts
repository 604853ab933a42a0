import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { ModelSpec, TensorSpec } from '../../src/config/tensor-spec.js';
import { InferenceError } from '../../src/inference/error.js';
import { InferRequest } from '../../src/inference/request.js';
import type { FinishedRun, OutputTensor } from '../../src/instances/instance.js';
import { fillSlot } from '../../src/instances/slot.js';
import { scatter, type Answer } from '../../src/scheduling/scatter.js';
import { Arena } from '../../src/tensors/arena.js';
import { joinBytes } from '../../src/tensors/bytes.js';
import type { Datatype } from '../../src/tensors/datatype.js';
import { elementCount, type Shape } from '../../src/tensors/shape.js';

const arena = new Arena({ keptBytesMax: 2 ** 20, shared: false });

function tensorSpec(name: string, about: Partial<TensorSpec> = {}): TensorSpec {
  const dims = about.dims ?? [-1];
  return { name, datatype: 'UINT8', dims, modelDims: dims, optional: false, labelFile: '', ...about };
}

/** A and B are ragged and come back as X and Y, cut by their own shapes. */
function modelSpec(about: { dims?: Shape; maxBatchSize?: number; datatype?: Datatype } = {}): ModelSpec {
  const { dims = [-1], maxBatchSize = 8, datatype = 'UINT8' } = about;
  return {
    name: 'm',
    maxBatchSize,
    inputs: [tensorSpec('A', { dims, ragged: true }), tensorSpec('B', { datatype, ragged: true })],
    outputs: [tensorSpec('X', { dims }), tensorSpec('Y', { datatype })],
    batchOutputs: [
      { output: 0, source: 0 },
      { output: 1, source: 1 },
    ],
  };
}

interface Sent {
  readonly shape: Shape;
  readonly data: Uint8Array;
}

interface About {
  readonly id?: string;
  /** Of B; A is of numbers. */
  readonly datatype?: Datatype;
}

function requestOf(a: Sent, b: Sent = a, { id = '', datatype = 'UINT8' }: About = {}): InferRequest {
  return new InferRequest(id, [
    { name: 'A', datatype: 'UINT8', ...a },
    { name: 'B', datatype, ...b },
  ]);
}

function sent(shape: Shape, first = 0): Sent {
  return { shape, data: Uint8Array.from({ length: elementCount(shape) }, (_, i) => first + i) };
}

function flat(index: number, bytes: Uint8Array, elements = bytes.byteLength): OutputTensor {
  return { index, datatype: 'UINT8', shape: [elements], data: bytes };
}

function split(spec: ModelSpec, requests: readonly InferRequest[], outputs: OutputTensor[]): Answer[] {
  const run: FinishedRun = { kind: 'done', slot: arena.take(1), outputs, inputEndUs: 0, inferEndUs: 0 };
  return scatter({ spec, version: 1, arena }, requests, run);
}

function plain(answer: Answer | undefined): unknown {
  if (answer === undefined || answer instanceof InferenceError) return answer?.message;
  return answer.outputs.map(({ name, shape, data }) => [name, shape, [...data]]);
}

test('each request gets as many elements as its input had, in the shape that the input had', () => {
  const spec = modelSpec({ dims: [-1, 2] });
  const requests = [requestOf(sent([1, 1, 2]), sent([1, 1])), requestOf(sent([2, 1, 2]), sent([2, 0]))];
  const [first, second] = split(spec, requests, [
    flat(0, Uint8Array.of(1, 2, 3, 4, 5, 6)),
    flat(1, Uint8Array.of(7)),
  ]);
  assert.deepEqual(plain(first), [
    ['X', [1, 1, 2], [1, 2]],
    ['Y', [1, 1], [7]],
  ]);
  assert.deepEqual(plain(second), [
    ['X', [2, 1, 2], [3, 4, 5, 6]],
    ['Y', [2, 0], []],
  ]);
});

test('fixed dims of the output are its own, whatever the input has there', () => {
  const spec = { ...modelSpec(), outputs: [tensorSpec('X', { dims: [3] }), tensorSpec('Y')] };
  const requests = [requestOf(sent([1, 9])), requestOf(sent([1, 1]))];
  const [first, second] = split(spec, requests, [flat(0, Uint8Array.of(1, 2, 3, 4, 5, 6))]);
  assert.deepEqual(plain(first), [['X', [1, 3], [1, 2, 3]]]);
  assert.deepEqual(plain(second), [['X', [1, 3], [4, 5, 6]]]);
});

test('without batching the shape is that of the input, with no rows in front', () => {
  const spec = modelSpec({ dims: [-1, -1], maxBatchSize: 0 });
  const [answer] = split(
    spec,
    [requestOf(sent([2, 2]), sent([3]))],
    [flat(0, Uint8Array.of(1, 2, 3, 4)), flat(1, Uint8Array.of(5, 6, 7))],
  );
  assert.deepEqual(plain(answer), [
    ['X', [2, 2], [1, 2, 3, 4]],
    ['Y', [3], [5, 6, 7]],
  ]);
});

test('a source with a reshape gives the sizes that the model sees', () => {
  const input = tensorSpec('A', { dims: [1, -1], modelDims: [-1], ragged: true });
  const spec = { ...modelSpec(), inputs: [input, tensorSpec('B')] };
  const [answer] = split(spec, [requestOf(sent([1, 1, 2]))], [flat(0, Uint8Array.of(1, 2))]);
  assert.deepEqual(plain(answer), [['X', [1, 2], [1, 2]]]);
});

test('elements that no request has are dropped, and requests whose elements are missing fail alone', () => {
  const requests = [requestOf(sent([1, 2])), requestOf(sent([1, 3]), sent([1, 3]), { id: 'late' })];
  const full = Uint8Array.of(1, 2, 3, 4, 5, 6);
  assert.deepEqual(plain(split(modelSpec(), requests, [flat(0, full)])[1]), [['X', [1, 3], [3, 4, 5]]]);
  const [first, second] = split(modelSpec(), requests, [flat(0, full.subarray(0, 4))]);
  assert.deepEqual(plain(first), [['X', [1, 2], [1, 2]]]);
  assert.equal(
    plain(second),
    "[request id: late] failed to split the output tensor 'X' in responses: expected at least 5 elements in model output, got 4",
  );
});

test('a cancelled request gets nothing, and the others what is theirs', () => {
  const requests = [requestOf(sent([1, 2])), requestOf(sent([1, 1])), requestOf(sent([1, 1]))];
  requests[1]!.cancel();
  const answers = split(modelSpec(), requests, [flat(0, Uint8Array.of(1, 2, 3, 4))]);
  assert.ok(answers[1] instanceof InferenceError && answers[1].code === 'cancelled');
  assert.deepEqual(plain(answers[2]), [['X', [1, 1], [4]]]);
});

test('outputs that no batch output names are cut by rows beside those that are', () => {
  const { batchOutputs, ...rest } = modelSpec();
  const spec = { ...rest, batchOutputs: batchOutputs!.slice(0, 1) };
  const requests = [requestOf(sent([1, 2])), requestOf(sent([2, 1]))];
  const rows = { ...flat(1, Uint8Array.of(7, 8, 9)), shape: [3, 1] };
  const [, second] = split(spec, requests, [flat(0, Uint8Array.of(1, 2, 3, 4)), rows]);
  assert.deepEqual(plain(second), [
    ['X', [2, 1], [3, 4]],
    ['Y', [2, 1], [8, 9]],
  ]);
});

test('what a model that returns its ragged inputs gives back is what each request sent', () => {
  const spec = modelSpec({ dims: [-1, -1], maxBatchSize: 100, datatype: 'BYTES' });
  const input = fc.record({
    shape: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(4), fc.nat(4)),
    texts: fc.array(fc.string({ maxLength: 3 }), { maxLength: 5 }),
  });
  fc.assert(
    fc.property(fc.array(input, { minLength: 1, maxLength: 7 }), (inputs) => {
      const requests = inputs.map(({ shape, texts }, i) => {
        const data = joinBytes(texts.map((text) => Buffer.from(text)));
        const rows = shape[0];
        const all = joinBytes(Array.from({ length: rows }, () => texts.map((t) => Buffer.from(t))).flat());
        assert.equal(all.byteLength, data.byteLength * rows);
        return requestOf(
          sent(shape, i * 40),
          { shape: [rows, texts.length], data: all },
          { datatype: 'BYTES' },
        );
      });
      const run = fillSlot({ spec, outputs: [] }, requests, arena);
      const outputs = run.inputs.map(({ index, shape, offset, byteLength }) => ({
        index,
        datatype: spec.outputs[index]!.datatype,
        shape,
        data: new Uint8Array(run.slot, offset, byteLength),
      }));
      const answers = scatter({ spec, version: 1, arena }, requests, {
        kind: 'done',
        slot: run.slot,
        inputEndUs: 0,
        inferEndUs: 0,
        outputs,
      });
      for (const [i, { inputs }] of requests.entries()) {
        assert.deepEqual(
          plain(answers[i]),
          inputs.map(({ shape, data }, n) => [n === 0 ? 'X' : 'Y', shape, [...(data as Uint8Array)]]),
        );
      }
    }),
    { seed: 53, numRuns: 200 },
  );
});
