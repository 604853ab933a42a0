import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as fc from 'fast-check';
import { InferenceError } from '../../../src/inference/error.js';
import { forEachElement, joinBytes } from '../../../src/tensors/bytes.js';
import { elementCount, type Shape } from '../../../src/tensors/shape.js';
import type { Tensor } from '../../../src/tensors/tensor.js';
import { TestInstance, tensorOf } from '../../support/instance.js';

const opened: TestInstance[] = [];

async function open(name: string): Promise<TestInstance> {
  const instance = await TestInstance.open(name);
  opened.push(instance);
  return instance;
}

after(async () => {
  await Promise.all(opened.map(({ real }) => real.close()));
});

/** A tensor of the numbers first, first + 1 … */
function numbers(name: string, shape: Shape, first = 1): Tensor {
  return tensorOf(
    name,
    shape,
    Float32Array.from({ length: elementCount(shape) }, (_, i) => first + i),
  );
}

function strings(name: string, shape: Shape, texts: readonly string[]): Tensor {
  return tensorOf(name, shape, joinBytes(texts.map((text) => Buffer.from(text))));
}

function elements({ datatype, data }: Pick<Tensor, 'datatype' | 'data'>): unknown[] {
  if (datatype === 'FP32') return [...new Float32Array(data.buffer)];
  if (datatype === 'INT32') return [...new Int32Array(data.buffer)];
  if (datatype === 'INT64') return Array.from(new BigInt64Array(data.buffer), Number);
  const texts: string[] = [];
  forEachElement(data, (start, end) => texts.push(Buffer.from(data.subarray(start, end)).toString()));
  return texts;
}

/** The shape and the elements of each output that a request got, by name. */
function plain(answer: ReadonlyMap<string, Tensor> | InferenceError | undefined): Record<string, unknown> {
  assert.ok(answer instanceof Map);
  const outputs: ReadonlyMap<string, Tensor> = answer;
  return Object.fromEntries([...outputs].map(([name, tensor]) => [name, [tensor.shape, elements(tensor)]]));
}

test('each request of a batch gets the sum of its own numbers, however many it sent', async () => {
  const instance = await open('ragged_sums');
  const request = fc.record({
    values: fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 20 }),
    scale: fc.integer({ min: 1, max: 9 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 8 }), async (requests) => {
      const answers = await instance.answer(
        ...requests.map(({ values, scale }) => [
          tensorOf('INPUT0', [1, values.length], Float32Array.from(values)),
          tensorOf('SCALE', [1, 1], Float32Array.of(scale)),
        ]),
      );
      const sums = requests.map(({ values, scale }) => values.reduce((sum, x) => sum + x, 0) * scale);
      assert.deepEqual(
        answers.map(plain),
        // Not -0, which an empty sum cannot be.
        sums.map((sum) => ({ OUTPUT0: [[1, 1], [sum + 0]] })),
      );
    }),
    { seed: 59, numRuns: 60 },
  );
});

test('a model is given every kind of batch input, for several requests', async () => {
  const instance = await open('batch_inputs');
  const shapes = [
    [1, 2, 3],
    [1, 0, 4],
    [1, 1, 5],
  ];
  const answers = await instance.answer(...shapes.map((shape) => [numbers('INPUT0', shape)]));
  const expected = [
    { count: 6, sum: 6, bound: 0, shape: [2, 3] },
    { count: 0, sum: 6, bound: 6, shape: [0, 4] },
    { count: 5, sum: 11, bound: 6, shape: [1, 5] },
  ].map(({ count, sum, bound, shape }) => ({
    BOUNDS: [[1, 1], [bound]],
    COUNTS: [[1, 1], [count]],
    FLAT_SHAPES: [[1, 2], shape],
    LARGEST: [[1, 1], [6]],
    OUTPUT0: [[1, ...shape], Array.from({ length: count }, (_, i) => 1 + i)],
    SHAPES: [[1, 2], shape],
    SUMS: [[1, 1], [sum]],
    SUMS_AGAIN: [[1, 1], [sum]],
  }));
  assert.deepEqual(answers.map(plain), expected);
});

test('counts are of requests and shapes of samples, where a request has several', async () => {
  const instance = await open('batch_inputs');
  const outputs = await instance.run([numbers('INPUT0', [3, 1, 2])], [numbers('INPUT0', [2, 4, 1])]);
  const types: Record<string, Tensor['datatype']> = { LARGEST: 'INT64', COUNTS: 'INT32', BOUNDS: 'INT32' };
  const all = outputs.map(({ name = '', shape, bytes }) => {
    const datatype = name === 'SHAPES' ? 'INT32' : (types[name] ?? 'FP32');
    return [name, shape, elements({ datatype, data: bytes })];
  });
  const shapes = [1, 2, 1, 2, 1, 2, 4, 1, 4, 1];
  assert.deepEqual(all, [
    ['BOUNDS', [3], [0, 6, 14]],
    ['COUNTS', [2], [6, 8]],
    ['FLAT_SHAPES', [5, 2], shapes],
    ['LARGEST', [2, 1], [8, 8]],
    ['OUTPUT0', [14], [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 7, 8]],
    ['SHAPES', [5, 2], shapes],
    ['SUMS', [2], [6, 14]],
    ['SUMS_AGAIN', [2], [6, 14]],
  ]);
});

test('an output with a row for each request is too short for requests of several samples', async () => {
  const instance = await open('batch_inputs');
  const [first, second] = await instance.answer(
    [numbers('INPUT0', [1, 1, 1])],
    [numbers('INPUT0', [2, 1, 1])],
  );
  assert.ok(first instanceof Map && second instanceof InferenceError);
  assert.equal(
    second.message,
    "[request id: <id_unknown>] failed to split the output tensor 'COUNTS' in responses: expected batch size of at least 3 in model output, got 2",
  );
});

test('each request gets its own part of scattered numbers and strings, in the shape that it sent', async () => {
  const instance = await open('ragged_scatter');
  const request = fc
    .record({ rows: fc.integer({ min: 1, max: 3 }), height: fc.nat(5), width: fc.nat(4) })
    .chain(({ rows, height, width }) =>
      fc.record({
        shape: fc.constant([rows, height, 2]),
        texts: fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 4 }), {
          minLength: rows * width,
          maxLength: rows * width,
        }),
        textShape: fc.constant([rows, width]),
      }),
    );
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 6 }), async (requests) => {
      const answers = await instance.answer(
        ...requests.map(({ shape, texts, textShape }, i) => [
          numbers('INPUT0', shape, i * 100),
          strings('INPUT1', textShape, texts),
        ]),
      );
      assert.deepEqual(
        answers.map(plain),
        requests.map(({ shape, texts, textShape }, i) => ({
          OUTPUT0: [shape, Array.from({ length: elementCount(shape) }, (_, n) => 2 * (i * 100 + n))],
          OUTPUT1: [textShape, texts],
        })),
      );
    }),
    { seed: 61, numRuns: 60 },
  );
});

test('without batching a request is one item: its own shape in front of nothing', async () => {
  const instance = await open('ragged_nobatch');
  const [answer] = await instance.answer([numbers('INPUT0', [2, 3])]);
  assert.deepEqual(plain(answer), {
    OUTPUT0: [
      [2, 3],
      [2, 4, 6, 8, 10, 12],
    ],
    SHAPE: [
      [1, 2],
      [2, 3],
    ],
  });
});
