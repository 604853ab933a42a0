import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InferenceError } from '../../src/inference/error.js';
import type { Run } from '../../src/instances/messages.js';
import {
  batchesIn,
  buildBatching,
  failure,
  numbersOf,
  samplesOf,
  settled,
  takeNumbers,
} from '../support/scheduler.js';
import { newTally } from '../support/tally.js';

const has =
  (number: number) =>
  (run: Run): boolean =>
    numbersOf(run).includes(number);

test('what arrives in one turn of the event loop goes in one batch, and each caller has its own rows', async () => {
  const { scheduler, instances, clock } = buildBatching({ shortTurns: false });
  const answers = [
    scheduler.infer(samplesOf(1)),
    scheduler.infer(samplesOf(2, { rows: 3 })),
    scheduler.infer(samplesOf(3)),
  ];
  assert.deepEqual(batchesIn(instances[0]!), []);
  clock.turn();
  assert.deepEqual(batchesIn(instances[0]!), [[1, 2, 2, 2, 3]]);
  instances[0]!.finish();
  assert.deepEqual((await Promise.all(answers)).map(takeNumbers), [[1], [2, 2, 2], [3]]);
});

test('what arrives while all instances are busy goes together when one is free', async () => {
  const { scheduler, instances } = buildBatching({ count: 2 });
  const answers = [1, 2, 3, 4, 5].map((number) => scheduler.infer(samplesOf(number)));
  assert.deepEqual(instances.map(batchesIn), [[[1]], [[2]]]);
  instances[1]!.finish();
  await settled();
  assert.deepEqual(instances.map(batchesIn), [[[1]], [[3, 4, 5]]]);
  for (const instance of instances) instance.finish();
  assert.deepEqual((await Promise.all(answers)).map(takeNumbers), [[1], [2], [3], [4], [5]]);
});

test('a batch that is not full goes exactly when the delay of its oldest is over', () => {
  const { scheduler, instances, idle, clock } = buildBatching({ spec: { delayUs: 700 } });
  void scheduler.infer(samplesOf(1));
  clock.advanceUs(250);
  void scheduler.infer(samplesOf(2));
  assert.deepEqual(clock.waitsMs, [0.45]);
  clock.advanceUs(449);
  assert.deepEqual(idle, instances);
  clock.advanceUs(1);
  assert.deepEqual(batchesIn(instances[0]!), [[1, 2]]);
  assert.deepEqual(clock.waitsMs, []);
});

test('a batch that becomes full goes at once, and its timer with it', () => {
  const { scheduler, instances, clock } = buildBatching({ spec: { delayUs: 700 } });
  void scheduler.infer(samplesOf(1, { rows: 5 }));
  clock.advanceUs(10);
  void scheduler.infer(samplesOf(2, { rows: 3 }));
  assert.deepEqual(batchesIn(instances[0]!), [[1, 1, 1, 1, 1, 2, 2, 2]]);
  assert.deepEqual(clock.waitsMs, []);
});

test('several batches of one turn go to as many instances', () => {
  const { scheduler, instances, clock } = buildBatching({ count: 3, shortTurns: false });
  for (const number of [1, 2, 3]) void scheduler.infer(samplesOf(number, { rows: 4 }));
  void scheduler.infer(samplesOf(4, { dim: 2 }));
  clock.turn();
  assert.deepEqual(instances.map(batchesIn), [[[1, 1, 1, 1, 2, 2, 2, 2]], [[3, 3, 3, 3]], [[4, 4]]]);
});

test('every batch is counted by why it closed', async () => {
  const { scheduler, instances, clock } = buildBatching({
    spec: { preferredSizes: [2], delayUs: 100 },
    shortTurns: false,
  });
  const send = (...numbers: number[]): void => {
    for (const number of numbers) void scheduler.infer(samplesOf(number));
    clock.turn();
  };
  const finish = async (): Promise<void> => {
    instances[0]!.finish();
    await settled();
  };
  send(1, 2);
  await finish();
  send(3);
  clock.advanceUs(100);
  await finish();
  send(4, 5, 6);
  await finish();
  void scheduler.stop();
  await finish();
  const none = { full: 0, 'instance-free': 0, 'shape-differs': 0, ordering: 0, priority: 0 };
  assert.deepEqual(scheduler.closed, { ...none, preferred: 2, 'delay-over': 1, shutdown: 1 });
});

test('one that is cancelled in a batch that runs is missing alone', async () => {
  const recorder = newTally();
  const { scheduler, instances, clock, keptSlots } = buildBatching({ shortTurns: false, recorder });
  const requests = [1, 2, 3].map((number) => samplesOf(number));
  const [first, second, third] = requests.map((request) => scheduler.infer(request));
  clock.turn();
  requests[1]!.cancel();
  const refused = failure(second!);
  instances[0]!.finish();
  const error = await refused;
  assert.deepEqual([error.code, error.executed], ['cancelled', true]);
  assert.deepEqual([takeNumbers(await first!), takeNumbers(await third!)], [[1], [3]]);
  assert.equal(keptSlots(), 1);
  assert.deepEqual([recorder.counts, recorder.runs], [{ success: 3 }, [3]]);
});

test('a batch that fails is run again on the same instance, one by one, and only the bad ones fail', async () => {
  const recorder = newTally();
  const house = buildBatching({ count: 2, shortTurns: false, recorder });
  const { scheduler, instances, idle, clock, keptSlots } = house;
  const outcomes = [1, 2, 3].map((number) => scheduler.infer(samplesOf(number, { rows: number })));
  clock.turn();
  const refused = failure(outcomes[1]!);
  instances[0]!.finish(has(2));
  await settled();
  assert.deepEqual(instances.map(batchesIn), [[[1], [2, 2], [3, 3, 3]], []]);
  assert.equal(scheduler.inFlightCount, 3);
  assert.deepEqual(idle, [instances[1]]);
  instances[0]!.finish(has(2));
  const error = await refused;
  assert.deepEqual([error.code, error.message, error.executed], ['internal', 'bad', true]);
  assert.deepEqual(takeNumbers(await outcomes[0]!), [1]);
  assert.deepEqual(takeNumbers(await outcomes[2]!), [3, 3, 3]);
  assert.deepEqual([recorder.counts, recorder.runs], [{ success: 2, backend: 1 }, [1, 3]]);
  assert.equal(scheduler.inFlightCount, 0);
  assert.equal(idle.length, 2);
  // The slot of the failed batch, and one for each of its requests.
  assert.equal(keptSlots(), 4);
  assert.equal(
    Object.values(scheduler.closed).reduce((sum, count) => sum + count),
    1,
  );
});

test('while a failed batch is run again others wait, and they go when it is done', async () => {
  const { scheduler, instances, clock } = buildBatching({ shortTurns: false });
  const failing = [1, 2].map((number) => failure(scheduler.infer(samplesOf(number))));
  clock.turn();
  const next = scheduler.infer(samplesOf(3));
  clock.turn();
  instances[0]!.finish(() => true);
  await settled();
  assert.deepEqual(batchesIn(instances[0]!), [[1], [2]]);
  instances[0]!.finish(() => true);
  await Promise.all(failing);
  assert.deepEqual(batchesIn(instances[0]!), [[3]]);
  instances[0]!.finish();
  assert.deepEqual(takeNumbers(await next), [3]);
});

test('a request that fails alone is not run again', async () => {
  const { scheduler, instances, idle } = buildBatching();
  const refused = failure(scheduler.infer(samplesOf(1)));
  instances[0]!.finish(() => true);
  await refused;
  assert.deepEqual(idle, instances);
});

test('an instance that is lost while it runs a failed batch again fails what is left of it', async () => {
  const recorder = newTally();
  const { scheduler, instances, clock, lose } = buildBatching({ shortTurns: false, recorder });
  const refused = [1, 2].map((number) => failure(scheduler.infer(samplesOf(number))));
  clock.turn();
  instances[0]!.finish(has(1));
  await settled();
  lose(instances[0]!);
  for (const error of await Promise.all(refused)) {
    assert.deepEqual([error.code, error.message, error.executed], ['unavailable', 'gone', true]);
  }
  assert.equal(scheduler.inFlightCount, 0);
  assert.deepEqual([recorder.counts, recorder.runs], [{ backend: 2 }, []]);
});

test('with preserved order a batch that ends early waits for the one before it', async () => {
  const { scheduler, instances, clock } = buildBatching({
    spec: { batchSizeMax: 2, preferredSizes: [2] },
    count: 2,
    ordered: true,
    shortTurns: false,
  });
  const answered: number[] = [];
  const requests = [1, 2, 3, 4].map((number) => samplesOf(number));
  const answers = requests.map((request, index) =>
    scheduler.infer(request).then(
      (response) => answered.push(...takeNumbers(response)),
      ({ code }: InferenceError) => {
        assert.deepEqual([code, index], ['cancelled', 1]);
        answered.push(-2);
      },
    ),
  );
  clock.turn();
  assert.deepEqual(instances.map(batchesIn), [[[1, 2]], [[3, 4]]]);
  instances[1]!.finish();
  await settled();
  assert.deepEqual(answered, []);
  assert.equal(scheduler.inFlightCount, 2);
  requests[1]!.cancel();
  instances[0]!.finish();
  await Promise.all(answers);
  assert.deepEqual(answered, [1, -2, 3, 4]);
});

test('with preserved order one that leaves the queue holds up nobody', async () => {
  const { scheduler, instances } = buildBatching({ ordered: true, count: 2 });
  const first = scheduler.infer(samplesOf(1));
  const second = scheduler.infer(samplesOf(2));
  const waiting = samplesOf(3);
  const refused = failure(scheduler.infer(waiting));
  const fourth = scheduler.infer(samplesOf(4));
  waiting.cancel();
  await refused;
  for (const instance of instances) instance.finish();
  await Promise.all([first, second]);
  instances[0]!.finish();
  assert.deepEqual(takeNumbers(await fourth), [4]);
});

test('nothing is given out until so many wait as the server was told, but all when it leaves', async () => {
  const { scheduler, instances, clock } = buildBatching({ heldBack: 3, spec: { delayUs: 50 } });
  const answers = [scheduler.infer(samplesOf(1)), scheduler.infer(samplesOf(2))];
  clock.advance(1000);
  assert.deepEqual(batchesIn(instances[0]!), []);
  answers.push(scheduler.infer(samplesOf(3)));
  assert.deepEqual(batchesIn(instances[0]!), [[1, 2, 3]]);
  instances[0]!.finish();
  await Promise.all(answers);
  const other = buildBatching({ heldBack: 3 });
  const answer = other.scheduler.infer(samplesOf(1));
  const stopping = other.scheduler.stop();
  other.instances[0]!.finish();
  assert.deepEqual(takeNumbers(await answer), [1]);
  await stopping;
});

test('a server that leaves does not wait for company', async () => {
  const { scheduler, instances, clock } = buildBatching({ spec: { delayUs: 60_000_000 } });
  const answers = [scheduler.infer(samplesOf(1)), scheduler.infer(samplesOf(2))];
  assert.deepEqual(clock.waitsMs, [60_000]);
  const stopping = scheduler.stop();
  assert.deepEqual(clock.waitsMs, []);
  assert.deepEqual(batchesIn(instances[0]!), [[1, 2]]);
  instances[0]!.finish();
  await Promise.all([...answers, stopping]);
});
