import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InferenceError } from '../../src/inference/error.js';
import { InferRequest, type RequestedOutput } from '../../src/inference/request.js';
import type { FinishedRun } from '../../src/instances/instance.js';
import { scatter, type Answer } from '../../src/scheduling/scatter.js';
import { Arena } from '../../src/tensors/arena.js';
import { joinBytes } from '../../src/tensors/bytes.js';

const tensor = { dims: [2], modelDims: [2], optional: false, labelFile: '' };
const spec = {
  name: 'pairs',
  maxBatchSize: 8,
  inputs: [{ ...tensor, name: 'IN', datatype: 'UINT8' as const }],
  outputs: [
    { ...tensor, name: 'NUMBERS', datatype: 'UINT8' as const },
    { ...tensor, name: 'TEXTS', datatype: 'BYTES' as const },
  ],
};

function requestOf(rows: number, outputs: readonly RequestedOutput[] = [], id = ''): InferRequest {
  const input = { name: 'IN', datatype: 'UINT8' as const, shape: [rows, 2], data: new Uint8Array(2 * rows) };
  return new InferRequest(id, [input], outputs);
}

/** A run whose outputs have so many rows, with 0, 1, 2 … as numbers and as texts of growing length. */
function runOf(rows: number, slot: ArrayBufferLike): FinishedRun {
  const numbers = Uint8Array.from({ length: 2 * rows }, (_, i) => i);
  const texts = joinBytes(Array.from({ length: 2 * rows }, (_, i) => Buffer.from('x'.repeat(i))));
  return {
    kind: 'done',
    inputEndUs: 0,
    inferEndUs: 0,
    slot,
    outputs: [
      { index: 0, datatype: 'UINT8', shape: [rows, 2], data: numbers },
      { index: 1, datatype: 'BYTES', shape: [rows, 2], data: texts },
    ],
  };
}

function scattered(requests: readonly InferRequest[], rows: number): { answers: Answer[]; arena: Arena } {
  const arena = new Arena({ keptBytesMax: 2 ** 20, shared: false });
  return { arena, answers: scatter({ spec, version: 3, arena }, requests, runOf(rows, arena.take(1))) };
}

function plain(answer: Answer | undefined): unknown {
  if (answer === undefined || answer instanceof InferenceError) return answer?.message;
  return answer.outputs.map(({ name, shape, data }) => [name, shape, [...data]]);
}

const texts = (...lengths: readonly number[]): number[] => [
  ...joinBytes(lengths.map((length) => Buffer.from('x'.repeat(length)))),
];

test('each request of a batch gets its own rows of every output', () => {
  const { answers } = scattered([requestOf(1), requestOf(2)], 3);
  assert.deepEqual(plain(answers[0]), [
    ['NUMBERS', [1, 2], [0, 1]],
    ['TEXTS', [1, 2], texts(0, 1)],
  ]);
  assert.deepEqual(plain(answers[1]), [
    ['NUMBERS', [2, 2], [2, 3, 4, 5]],
    ['TEXTS', [2, 2], texts(2, 3, 4, 5)],
  ]);
});

test('each request of a batch gets only the outputs that it asked for', () => {
  const only = [{ name: 'TEXTS', classificationCount: 0 }];
  const { answers } = scattered([requestOf(1, only), requestOf(1)], 2);
  assert.deepEqual(plain(answers[0]), [['TEXTS', [1, 2], texts(0, 1)]]);
  assert.equal((plain(answers[1]) as unknown[]).length, 2);
});

test('rows that no request has are dropped, and requests whose rows are missing fail alone', () => {
  assert.deepEqual(plain(scattered([requestOf(1)], 3).answers[0]), [
    ['NUMBERS', [1, 2], [0, 1]],
    ['TEXTS', [1, 2], texts(0, 1)],
  ]);
  const { answers } = scattered([requestOf(1), requestOf(2, [], 'late')], 2);
  assert.equal((plain(answers[0]) as unknown[]).length, 2);
  assert.equal(
    plain(answers[1]),
    "[request id: late] failed to split the output tensor 'NUMBERS' in responses: expected batch size of at least 3 in model output, got 2",
  );
});

test('the slot is free again when the last answer was released, whatever became of the others', () => {
  const gone = requestOf(1);
  gone.cancel();
  const { answers, arena } = scattered([requestOf(1), gone, requestOf(1), requestOf(1)], 3);
  const [first, second, third, fourth] = answers;
  assert.ok(second instanceof InferenceError && second.code === 'cancelled');
  assert.ok(fourth instanceof InferenceError && fourth.code === 'unsupported');
  assert.ok(!(first instanceof InferenceError) && !(third instanceof InferenceError));
  third!.release();
  assert.equal(arena.keptBytes, 0);
  first!.release();
  assert.equal(arena.keptBytes, 1024);
});
