import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QueuePolicy } from '../../src/config/batching.js';
import type { InferenceError } from '../../src/inference/error.js';
import { noPolicy } from '../support/batches.js';
import {
  batchesIn,
  buildBatching,
  failure,
  samplesOf,
  settled,
  takeNumbers,
  type BatchingHouse,
  type BatchingSetup,
} from '../support/scheduler.js';
import { newTally, type Tally } from '../support/tally.js';

interface PolicyHouse extends BatchingHouse {
  readonly tally: Tally;
}

function withPolicy(policy: Partial<QueuePolicy>, setup: BatchingSetup = {}): PolicyHouse {
  const tally = newTally();
  const spec = { ...setup.spec, defaultPolicy: { ...noPolicy, ...policy } };
  return { ...buildBatching({ ...setup, spec, recorder: tally }), tally };
}

function assertExpired(error: InferenceError): void {
  assert.deepEqual(
    [error.code, error.message, error.executed],
    ['unavailable', 'Request timeout expired', false],
  );
}

test('a request is rejected at the moment its time is over, also while all instances are busy', async () => {
  const { scheduler, instances, clock, tally } = withPolicy({ timeoutUs: 500 });
  const running = scheduler.infer(samplesOf(1));
  clock.advanceUs(100);
  const refused = failure(scheduler.infer(samplesOf(2)));
  clock.advanceUs(50);
  const later = failure(scheduler.infer(samplesOf(3)));
  assert.deepEqual(clock.waitsMs, [0.45]);
  clock.advanceUs(449);
  assert.equal(scheduler.inFlightCount, 3);
  clock.advanceUs(1);
  assert.equal(scheduler.inFlightCount, 2);
  assertExpired(await refused);
  assert.deepEqual(clock.waitsMs, [0.05]);
  clock.advanceUs(50);
  assertExpired(await later);
  assert.deepEqual(tally.counts, { rejected: 2 });
  instances[0]!.finish();
  assert.deepEqual(takeNumbers(await running), [1]);
  assert.deepEqual([tally.counts, clock.waitsMs], [{ rejected: 2, success: 1 }, []]);
});

test('one with less time than those before it is rejected before them', async () => {
  const { scheduler, clock } = withPolicy({ timeoutUs: 500, overridable: true });
  void scheduler.infer(samplesOf(1));
  const patient = failure(scheduler.infer(samplesOf(2)));
  const hasty = samplesOf(3);
  hasty.timeoutUs = 200n;
  const refused = failure(scheduler.infer(hasty));
  assert.deepEqual(clock.waitsMs, [0.2]);
  clock.advanceUs(200);
  assertExpired(await refused);
  assert.deepEqual(clock.waitsMs, [0.3]);
  clock.advanceUs(300);
  assertExpired(await patient);
});

test('a request is rejected while it waits for company of an idle instance', async () => {
  const { scheduler, idle, instances, clock } = withPolicy({ timeoutUs: 500 }, { spec: { delayUs: 800 } });
  const refused = failure(scheduler.infer(samplesOf(1)));
  clock.advanceUs(500);
  assertExpired(await refused);
  assert.deepEqual([idle, clock.waitsMs], [instances, []]);
});

test('a rejected request is charged the time since the server began with it, not only its wait', async () => {
  const { scheduler, idle, clock, tally } = withPolicy({ timeoutUs: 500 });
  idle.length = 0;
  clock.advanceUs(100);
  const refused = failure(scheduler.infer(samplesOf(1), 70));
  clock.advanceUs(500);
  assertExpired(await refused);
  assert.deepEqual(tally.failedUs, [530]);
});

test('stopping ends when the last waiting request is rejected', async () => {
  const { scheduler, idle, clock } = withPolicy({ timeoutUs: 500 });
  idle.length = 0;
  const refused = failure(scheduler.infer(samplesOf(1)));
  const stopping = scheduler.stop();
  clock.advanceUs(500);
  assertExpired(await refused);
  await stopping;
});

test('one whose time is over steps back where it may, also while all instances are busy', async () => {
  const { scheduler, instances, clock } = withPolicy(
    { action: 'delay', timeoutUs: 500 },
    { spec: { batchSizeMax: 1, preferredSizes: [1] } },
  );
  const answers = [scheduler.infer(samplesOf(1)), scheduler.infer(samplesOf(2))];
  clock.advanceUs(600);
  answers.push(scheduler.infer(samplesOf(3)));
  const order: number[] = [];
  for (let run = 0; run < 3; run++) {
    order.push(...batchesIn(instances[0]!).flat());
    instances[0]!.finish();
    await settled();
  }
  assert.deepEqual(order, [1, 3, 2]);
  assert.deepEqual((await Promise.all(answers)).map(takeNumbers), [[1], [2], [3]]);
});

test('a full queue refuses with its reason and the id of the request, and that is recorded nowhere', async () => {
  const { scheduler, instances, tally } = withPolicy({ sizeMax: 1 });
  const answers = [scheduler.infer(samplesOf(1)), scheduler.infer(samplesOf(2))];
  for (const [id, name] of [
    ['', '<id_unknown>'],
    ['mine', 'mine'],
  ] as const) {
    const error = await failure(scheduler.infer(samplesOf(3, { id })));
    assert.deepEqual(
      [error.code, error.message, error.executed],
      ['unavailable', `[request id: ${name}] Exceeds maximum queue size`, false],
    );
  }
  assert.equal(scheduler.inFlightCount, 2);
  assert.deepEqual(tally.counts, {});
  instances[0]!.finish();
  await settled();
  answers.push(scheduler.infer(samplesOf(4)));
  instances[0]!.finish();
  await settled();
  instances[0]!.finish();
  assert.deepEqual((await Promise.all(answers)).map(takeNumbers), [[1], [2], [4]]);
});

/** Lets so many requests run for a millisecond each, one by one. */
async function learn({ scheduler, instances, clock }: BatchingHouse, count: number): Promise<void> {
  for (let run = 0; run < count; run++) {
    const answer = scheduler.infer(samplesOf(0));
    clock.advance(1);
    instances.find(({ held }) => held !== undefined)!.finish();
    (await answer).release();
  }
}

/** What becomes at once of a request that has so long left, behind five full batches and one that runs. */
async function behindFive(house: BatchingHouse, leftUs: number): Promise<InferenceError | undefined> {
  const { scheduler, instances, clock } = house;
  for (const [index] of instances.entries()) void scheduler.infer(samplesOf(index));
  for (let batch = 0; batch < 5; batch++) void scheduler.infer(samplesOf(batch, { rows: 8 }));
  const request = samplesOf(9);
  request.deadlineUs = clock.nowUs() + leftUs;
  let refusal: InferenceError | undefined;
  scheduler.infer(request).catch((error: InferenceError) => (refusal = error));
  await settled();
  return refusal;
}

test('a request that cannot begin in time is refused at once, and recorded as rejected', async () => {
  const tally = newTally();
  const house = buildBatching({ recorder: tally });
  await learn(house, 100);
  // Five runs of 1 ms come first; hopeless is what has less than that by half as much again: 3,333 us.
  assertExpired((await behindFive(house, 3333))!);
  assert.deepEqual(tally.counts, { success: 100, rejected: 1 });
  assert.equal(house.scheduler.inFlightCount, 6);
});

for (const [what, runs, count, leftUs] of [
  ['as long as it is not certain', 100, 1, 3334],
  ['before a hundred runs were seen', 99, 1, 1],
  ['when several instances share the work', 100, 2, 1667],
  ['when it names no time', 100, 1, Infinity],
] as const) {
  test(`a request that may be late is let in ${what}`, async () => {
    const house = buildBatching({ count });
    await learn(house, runs);
    assert.equal(await behindFive(house, leftUs), undefined);
    assert.equal(house.scheduler.inFlightCount, count + 6);
  });
}

test('with several instances it is refused when all of them together are too slow', async () => {
  const house = buildBatching({ count: 2 });
  await learn(house, 100);
  assertExpired((await behindFive(house, 1666))!);
});

test('the time of a policy counts for hopelessness where it rejects, not where it lets step back', async () => {
  for (const action of ['reject', 'delay'] as const) {
    const house = withPolicy({ action, timeoutUs: 3333 });
    await learn(house, 100);
    const refusal = await behindFive(house, Infinity);
    assert.equal(refusal?.message, action === 'reject' ? 'Request timeout expired' : undefined);
  }
});

test('what stands at lower levels does not make a request hopeless', async () => {
  for (const [priority, refused] of [
    [1n, false],
    [2n, true],
  ] as const) {
    const house = buildBatching({ spec: { levelCount: 2, defaultLevel: 2 } });
    const { scheduler, clock } = house;
    await learn(house, 100);
    for (let batch = 0; batch < 6; batch++) void scheduler.infer(samplesOf(batch, { rows: 8 }));
    const request = samplesOf(9);
    request.priority = priority;
    request.deadlineUs = clock.nowUs() + 1000;
    let refusal: unknown;
    scheduler.infer(request).catch((error: unknown) => (refusal = error));
    await settled();
    assert.equal(refusal !== undefined, refused);
  }
});

test('a refused request does not hold up the order of answers', async () => {
  const house = buildBatching({ ordered: true });
  const { scheduler, instances } = house;
  await learn(house, 100);
  assertExpired((await behindFive(house, 1))!);
  const last = scheduler.infer(samplesOf(7));
  for (let run = 0; run < 7; run++) {
    instances[0]!.finish();
    await settled();
  }
  assert.deepEqual(takeNumbers(await last), [7]);
});
