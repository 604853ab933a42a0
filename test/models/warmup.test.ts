import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinBytes } from '../../src/tensors/bytes.js';
import { batchInput, input, override, sample, sevens, warmUp, zeros } from '../support/warmup.js';

// models.md 11.1: what a sample makes of its settings, seen by an instance that keeps what it is given.

test('zero_data: zero bytes, empty strings, a leading 1 of the batch; all outputs are wanted', async () => {
  const { runs, error } = await warmUp(sample('batch_size: 1'));
  assert.equal(error, undefined);
  assert.deepEqual(runs, [
    {
      batchSize: 1,
      wanted: [1, 0],
      inputs: [
        { index: 0, shape: [1, 2], bytes: Buffer.alloc(8) },
        { index: 1, shape: [1, 400], bytes: Buffer.alloc(400) },
        { index: 2, shape: [1, 3], bytes: Buffer.alloc(12) },
      ],
    },
  ]);
});

test('without batching the dims are the shape', async () => {
  const { runs } = await warmUp(sample('batch_size: 1'), { batch: 0 });
  assert.deepEqual(
    runs.map(({ inputs }) => inputs.map(({ shape }) => shape)),
    [[[2], [400], [3]]],
  );
});

test('random_data: random bytes, truth values that are ones, empty strings; new ones for each run', async () => {
  const random = zeros.map((one) => one.replace('zero_data', 'random_data'));
  const { runs } = await warmUp(sample('batch_size: 1 count: 2', random));
  const [first, second] = runs.map(({ inputs }) => inputs.map(({ bytes }) => bytes));
  const [floats, booleans, strings] = first!;
  assert.notDeepEqual(floats, second![0]);
  assert.deepEqual(new Set(booleans), new Set([0, 1]));
  assert.deepEqual(strings, Buffer.alloc(12));
});

test('input_data_file: the bytes of one row, cut to size; the whole file for strings', async () => {
  const text = joinBytes(['a', '', 'bcd'].map((one) => Buffer.from(one)));
  const inputs = [
    input('F', 'FP32', 'dims: [ 2 ] input_data_file: "f"'),
    input('B', 'BOOL', 'dims: [ 400 ] zero_data: true'),
    input('S', 'STRING', 'dims: [ 3 ] input_data_file: "of/today/s"'),
  ];
  const files = { f: Buffer.from('abcdefghij'), 'of/today/s': text };
  const { runs, error } = await warmUp(sample('batch_size: 2', inputs), { files });
  assert.equal(error, undefined);
  assert.deepEqual(
    runs.map((run) => run.inputs.map(({ shape, bytes }) => [shape, bytes])),
    [
      [
        [[2, 2], Buffer.from('abcdefghabcdefgh')],
        [[2, 400], Buffer.alloc(800)],
        [[2, 3], Buffer.concat([text, text])],
      ],
    ],
  );
});

test('count and the log: samples run in their order, one run after the other, each told in the verbose log', async () => {
  const { runs, lines } = await warmUp(
    `${sample('batch_size: 0')} ${sample('batch_size: 3 count: 2').replace('"s"', '"t"')} ${sample('batch_size: 1')}`,
  );
  assert.deepEqual(
    runs.map(({ batchSize }) => batchSize),
    [3, 3, 1],
  );
  const running = (name: string, iteration: number): string =>
    `model 'm' instance m_0_1 is running warmup sample '${name}' for iteration ${iteration}`;
  assert.deepEqual(
    lines.map((line) => line.replace(/^.*?\] /, '')),
    [
      "Skipping batch 0 warmup sample 's'",
      "Generating warmup sample data for 't'",
      "Generating warmup sample data for 's'",
      running('t', 1),
      running('t', 2),
      running('s', 1),
    ],
  );
});

test('an input that is not in the config is fed as it is, in place of what the server would feed', async () => {
  const { runs } = await warmUp(sample('batch_size: 2', [...zeros, override('INT32')]), {
    rest: batchInput,
    files: sevens,
  });
  const [, , , count] = runs[0]!.inputs;
  assert.deepEqual(count, { index: 3, shape: [2], bytes: Buffer.from([7, 0, 0, 0, 7, 0, 0, 0]) });
  const [without] = (await warmUp(sample('batch_size: 2'), { rest: batchInput })).runs;
  assert.deepEqual(without!.inputs[3], {
    index: 3,
    shape: [2],
    bytes: Buffer.from([2, 0, 0, 0, 2, 0, 0, 0]),
  });
  assert.deepEqual(without!.inputs.slice(0, 3), runs[0]!.inputs.slice(0, 3));
});
