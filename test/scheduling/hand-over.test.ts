import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InferRequest } from '../../src/inference/request.js';
import type { RanBatch } from '../../src/scheduling/delay-tuner.js';
import { exactDelay } from '../../src/scheduling/delay.js';
import { plainBatching } from '../support/batches.js';
import type { FakeInstance } from '../support/fake-instance.js';
import {
  batchesIn,
  build,
  buildBatching,
  failure,
  samplesOf,
  settled,
  takeNumbers,
} from '../support/scheduler.js';
import { newTally } from '../support/tally.js';

/** Lets a model answer with fewer rows than its batch has. */
function finishWithRows(instance: FakeInstance, rows: number): void {
  const { runs, resolve } = instance.held!;
  instance.held = undefined;
  const results = runs.map(({ slot, inputs }) => {
    const data = new Uint8Array(slot, inputs[0]!.offset, rows * 4);
    const outputs = [{ index: 0, datatype: 'INT32' as const, shape: [rows, 1], data }];
    return { kind: 'done' as const, slot, outputs, inputEndUs: 0, inferEndUs: 0 };
  });
  resolve({ results, tookUs: 1 });
}

test('where the model answers with too few rows those behind fail, and the run counts', async () => {
  const recorder = newTally();
  const { scheduler, instances, clock, keptSlots } = buildBatching({ shortTurns: false, recorder });
  const first = scheduler.infer(samplesOf(1));
  const second = failure(scheduler.infer(samplesOf(2, { id: 'b' })));
  clock.turn();
  finishWithRows(instances[0]!, 1);
  assert.deepEqual(takeNumbers(await first), [1]);
  const error = await second;
  assert.deepEqual([error.code, error.executed], ['unsupported', true]);
  assert.match(error.message, /^\[request id: b\] failed to split the output tensor 'OUT'/);
  assert.deepEqual([recorder.counts, recorder.runs], [{ success: 1, backend: 1 }, [2]]);
  assert.equal(keptSlots(), 1);
});

test('a run of which nobody has an answer does not count', async () => {
  const recorder = newTally();
  const { scheduler, instances, clock } = buildBatching({ shortTurns: false, recorder });
  const refused = [1, 2].map((number) => failure(scheduler.infer(samplesOf(number))));
  clock.turn();
  finishWithRows(instances[0]!, 0);
  await Promise.all(refused);
  assert.deepEqual([recorder.counts, recorder.runs], [{ backend: 2 }, []]);
});

/** A request for which there can be no memory. */
function immense(): InferRequest {
  const data = { byteLength: 2 ** 52 } as Uint8Array;
  return new InferRequest('', [{ name: 'IN', datatype: 'INT32', shape: [1, 1], data }]);
}

test('a request that no slot can hold is refused without a run, and the instance goes on with the next', async () => {
  const recorder = newTally();
  const { scheduler, instances, idle } = buildBatching({ recorder });
  const error = await failure(scheduler.infer(immense()));
  assert.deepEqual([error.code, error.executed], ['internal', false]);
  assert.deepEqual([recorder.counts, recorder.runs], [{ other: 1 }, []]);
  assert.deepEqual(idle, instances);
  assert.equal(scheduler.inFlightCount, 0);
  const answer = scheduler.infer(samplesOf(1));
  instances[0]!.finish();
  assert.deepEqual(takeNumbers(await answer), [1]);
});

test('a batch that no slot can hold is split, and only the request that none can hold is refused', async () => {
  const recorder = newTally();
  const { scheduler, instances, clock, idle } = buildBatching({ shortTurns: false, recorder });
  const first = scheduler.infer(samplesOf(1));
  const refused = failure(scheduler.infer(immense()));
  const third = scheduler.infer(samplesOf(3));
  clock.turn();
  assert.deepEqual(batchesIn(instances[0]!), [[1], [3]]);
  const error = await refused;
  assert.deepEqual([error.code, error.executed], ['internal', false]);
  instances[0]!.finish();
  assert.deepEqual([takeNumbers(await first), takeNumbers(await third)], [[1], [3]]);
  assert.deepEqual([recorder.counts, recorder.runs], [{ other: 1, success: 2 }, [1, 1]]);
  assert.deepEqual(idle, instances);
  assert.equal(scheduler.inFlightCount, 0);
});

test('of several runs that go together one that no slot can hold is missing', async () => {
  const { scheduler, instances } = build();
  instances[0]!.runUs = 10;
  const first = scheduler.infer(samplesOf(1));
  const refused = failure(scheduler.infer(immense()));
  const third = scheduler.infer(samplesOf(3));
  instances[0]!.finish();
  assert.deepEqual(takeNumbers(await first), [1]);
  await refused;
  assert.deepEqual(batchesIn(instances[0]!), [[3]]);
  instances[0]!.finish();
  assert.deepEqual(takeNumbers(await third), [3]);
  assert.equal(scheduler.inFlightCount, 0);
});

test('a delay is told of each run once, with all its samples, how long it was away and what its callers waited', async () => {
  const told: (readonly unknown[])[] = [];
  const delay = {
    ...exactDelay(plainBatching),
    arrived: (nowUs: number, rows: number, inSystem: number) => told.push(['arrived', nowUs, rows, inSystem]),
    ran: (nowUs: number, batch: RanBatch) => told.push(['ran', nowUs, batch]),
    answered: (latencyUs: number) => told.push(['answered', latencyUs]),
  };
  const { scheduler, instances, clock } = buildBatching({ delay, shortTurns: false });
  clock.advanceUs(100);
  const answers = [scheduler.infer(samplesOf(1, { rows: 3 }), 40), scheduler.infer(samplesOf(2), 90)];
  clock.turn();
  clock.advanceUs(50);
  answers.push(scheduler.infer(samplesOf(3)));
  instances[0]!.finish(() => true);
  await settled();
  clock.advanceUs(25);
  instances[0]!.finish();
  await Promise.all(answers.slice(0, 2));
  const first = [
    ['arrived', 100, 3, 1],
    ['arrived', 100, 1, 2],
    ['arrived', 150, 1, 3],
    ['ran', 150, { rows: 4, tookUs: 50, inSystem: 1 }],
    // The second try, one by one, is no measure of a batch.
    ['answered', 135],
    ['answered', 85],
  ];
  assert.deepEqual(told, first);
  clock.advanceUs(5);
  instances[0]!.finish();
  await answers[2];
  assert.deepEqual(told, [...first, ['ran', 180, { rows: 1, tookUs: 5, inSystem: 0 }], ['answered', 30]]);
});

test('a delay learns no time from a run that never was or was lost, and its requests count no more', async () => {
  const told: (readonly unknown[])[] = [];
  const delay = {
    ...exactDelay(plainBatching),
    arrived: (_nowUs: number, rows: number, inSystem: number) => told.push(['arrived', rows, inSystem]),
    ran: (_nowUs: number, batch: RanBatch) => told.push(['ran', batch]),
  };
  const { scheduler, instances, clock, lose, recover } = buildBatching({ delay });
  await failure(scheduler.infer(immense()));
  const refused = failure(scheduler.infer(samplesOf(1, { rows: 2 })));
  clock.advanceUs(30);
  lose(instances[0]!);
  await refused;
  recover(instances[0]!);
  void scheduler.infer(samplesOf(2));
  assert.deepEqual(told, [
    ['arrived', 1, 1],
    ['ran', { rows: 1, tookUs: 0, inSystem: 0 }],
    ['arrived', 2, 1],
    ['ran', { rows: 2, tookUs: 0, inSystem: 0 }],
    ['arrived', 1, 1],
  ]);
});
