import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InferenceError } from '../../src/inference/error.js';
import { InferRequest } from '../../src/inference/request.js';
import type { InferResponse } from '../../src/inference/response.js';
import { DirectBatcher } from '../../src/scheduling/direct.js';
import { Scheduler } from '../../src/scheduling/scheduler.js';
import { Arena } from '../../src/tensors/arena.js';
import { FakeClock } from '../support/fake-clock.js';
import { FakeInstance } from '../support/fake-instance.js';
import {
  build,
  failure,
  noRecorder,
  numberIn,
  numbersIn,
  requestOf,
  settled,
  slotBytes,
  spec,
} from '../support/scheduler.js';

test('an answer speaks for the model and its version, and has the data of its own request', async () => {
  const { scheduler, instances, keptSlots } = build();
  const answer = scheduler.infer(requestOf(41));
  instances[0]!.finish();
  const response = await answer;
  assert.equal(response.modelName, 'numbers');
  assert.equal(response.modelVersion, 7);
  assert.deepEqual(
    response.outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    [{ name: 'OUT', datatype: 'INT32', shape: [1] }],
  );
  assert.deepEqual(response.outputs[0]!.data, new Uint8Array(Int32Array.of(41).buffer));
  assert.equal(keptSlots(), 0);
  response.release();
  assert.equal(keptSlots(), 1);
});

test('requests go to idle instances in the order of arrival, one at a time to each', async () => {
  const { scheduler, instances } = build({ count: 2 });
  const answers = [1, 2, 3, 4].map((number) => scheduler.infer(requestOf(number)));
  assert.deepEqual(instances.map(numberIn), [1, 2]);
  assert.equal(scheduler.inFlightCount, 4);
  instances[1]!.finish();
  await settled();
  assert.deepEqual(instances.map(numberIn), [1, 3]);
  instances[0]!.finish();
  await settled();
  assert.deepEqual(instances.map(numberIn), [4, 3]);
  for (const instance of instances) instance.finish();
  await Promise.all(answers);
  assert.equal(scheduler.inFlightCount, 0);
});

test('the next batch is with the instance before the answer is with the caller', async () => {
  const { scheduler, instances } = build();
  const first = scheduler.infer(requestOf(1)).then(() => numberIn(instances[0]!));
  const second = scheduler.infer(requestOf(2));
  instances[0]!.finish();
  assert.equal(await first, 2);
  instances[0]!.finish();
  await second;
});

test('a request cancelled while it waits never reaches an instance', async () => {
  const { scheduler, instances } = build();
  const [running, waiting] = [requestOf(1), requestOf(2)];
  const answer = scheduler.infer(running);
  const refused = failure(scheduler.infer(waiting));
  waiting.cancel();
  assert.equal(scheduler.inFlightCount, 1);
  const error = await refused;
  assert.deepEqual([error.code, error.message, error.executed], ['cancelled', '', false]);
  instances[0]!.finish();
  await answer;
  assert.equal(numberIn(instances[0]!), undefined);
});

test('a request that was cancelled before it came is refused at once', async () => {
  const { scheduler, instances } = build();
  const request = requestOf(1);
  request.cancel();
  assert.equal((await failure(scheduler.infer(request))).code, 'cancelled');
  assert.equal(numberIn(instances[0]!), undefined);
});

test('a request cancelled while it runs is dropped when the run ends, and its slot is used again', async () => {
  const { scheduler, instances, keptSlots } = build();
  const request = requestOf(1);
  const refused = failure(scheduler.infer(request));
  request.cancel();
  assert.equal(scheduler.inFlightCount, 1);
  instances[0]!.finish();
  assert.equal((await refused).code, 'cancelled');
  assert.equal(keptSlots(), 1);
  const answer = scheduler.infer(requestOf(2));
  instances[0]!.finish();
  await answer;
});

test('cancelling a request that was answered changes nothing', async () => {
  const { scheduler, instances } = build();
  const request = requestOf(1);
  const answer = scheduler.infer(request);
  instances[0]!.finish();
  await answer;
  request.cancel();
  assert.equal(scheduler.inFlightCount, 0);
});

test('a failed run fails its request as executed, and the slot and the instance are used again', async () => {
  const { scheduler, instances, keptSlots } = build();
  const refused = failure(scheduler.infer(requestOf(1)));
  instances[0]!.fail(new InferenceError('internal', 'no'));
  const error = await refused;
  assert.deepEqual([error.code, error.message, error.executed], ['internal', 'no', true]);
  assert.equal(keptSlots(), 1);
  const answer = scheduler.infer(requestOf(2));
  instances[0]!.finish();
  assert.equal((await answer).outputs.length, 1);
});

test('a run whose instance dies fails its request as executed', async () => {
  const { scheduler, instances, keptSlots } = build();
  const refused = failure(scheduler.infer(requestOf(1)));
  instances[0]!.die(new InferenceError('unavailable', 'gone'));
  const error = await refused;
  assert.deepEqual([error.code, error.executed], ['unavailable', true]);
  assert.equal(keptSlots(), 0);
});

test('an output with other rows than the request fails the request, and its slot is used again', async () => {
  const clock = new FakeClock({ shortTurns: true });
  const arena = new Arena({ keptBytesMax: 2 ** 20, shared: false });
  const instance = new FakeInstance();
  const batching = { ...spec, maxBatchSize: 8 };
  const scheduler = new Scheduler({
    batcher: new DirectBatcher(),
    clock,
    plan: { spec: batching, outputs: [] },
    source: { spec: batching, version: 1, arena },
    recorder: noRecorder,
    ordered: false,
    instances: { idleCount: 1, aliveCount: 1, takeIdle: () => instance, giveBack() {} },
  });
  const data = new Uint8Array(8);
  const refused = failure(
    scheduler.infer(new InferRequest('r', [{ name: 'IN', datatype: 'INT32', shape: [2, 1], data }])),
  );
  const { runs, resolve } = instance.held!;
  const output = { index: 0, datatype: 'INT32' as const, shape: [1, 1], data };
  resolve({
    results: [{ kind: 'done', slot: runs[0]!.slot, outputs: [output], inputEndUs: 0, inferEndUs: 0 }],
    tookUs: 1,
  });
  const error = await refused;
  assert.equal(error.code, 'unsupported');
  assert.equal(
    error.message,
    "[request id: r] failed to split the output tensor 'OUT' in responses: expected batch size of at least 2 in model output, got 1",
  );
  assert.equal(arena.keptBytes, slotBytes);
});

test('a stopped scheduler refuses new requests and ends when the last one is answered', async () => {
  const { scheduler, instances } = build();
  const answers = [scheduler.infer(requestOf(1)), scheduler.infer(requestOf(2))];
  let stopped = false;
  const stopping = scheduler.stop().then(() => (stopped = true));
  const error = await failure(scheduler.infer(requestOf(3, 'late')));
  assert.deepEqual(
    [error.code, error.message, error.executed],
    [
      'unavailable',
      '[request id: late] Server is stopping, scheduler for model has stopped accepting new inference requests',
      false,
    ],
  );
  instances[0]!.finish();
  await answers[0];
  await settled();
  assert.equal(stopped, false);
  instances[0]!.finish();
  await answers[1];
  await stopping;
});

test('stopping ends at once when nothing is in flight, and as often as it is asked for', async () => {
  const { scheduler } = build();
  await Promise.all([scheduler.stop(), scheduler.stop()]);
  await scheduler.stop();
});

test('stopping ends when the last waiting request is cancelled', async () => {
  const { scheduler, idle } = build();
  idle.length = 0;
  const request = requestOf(1);
  const refused = failure(scheduler.infer(request));
  const stopping = scheduler.stop();
  request.cancel();
  await Promise.all([refused, stopping]);
});

test('requests wait while no instance is idle and run when one comes back by another way', async () => {
  const { scheduler, instances, idle } = build();
  idle.length = 0;
  const answer = scheduler.infer(requestOf(1));
  assert.equal(numberIn(instances[0]!), undefined);
  idle.push(instances[0]!);
  scheduler.pump();
  instances[0]!.finish();
  await answer;
});

test('requests that wait are failed when there is nobody left to run them', async () => {
  const { scheduler, idle } = build();
  idle.length = 0;
  const refused = [failure(scheduler.infer(requestOf(1))), failure(scheduler.infer(requestOf(2)))];
  scheduler.failWaiting(new InferenceError('unavailable', 'no instance'));
  for (const error of await Promise.all(refused)) {
    assert.deepEqual([error.code, error.message, error.executed], ['unavailable', 'no instance', false]);
  }
  assert.equal(scheduler.inFlightCount, 0);
});

test('short runs are handed over together, in order, shared among the idle instances', async () => {
  const { scheduler, instances } = build({ count: 2 });
  for (const instance of instances) instance.runUs = 10;
  const answers = [1, 2, 3, 4, 5, 6, 7].map((number) => scheduler.infer(requestOf(number)));
  assert.deepEqual(instances.map(numbersIn), [[1], [2]]);
  instances[0]!.finish();
  await settled();
  assert.deepEqual(numbersIn(instances[0]!), [3, 4, 5, 6, 7]);
  instances[1]!.finish();
  instances[0]!.finish();
  assert.equal((await Promise.all(answers)).length, 7);
  assert.equal(scheduler.inFlightCount, 0);
});

test('long runs are handed over one by one', async () => {
  const { scheduler, instances } = build();
  instances[0]!.runUs = 1000;
  for (const number of [1, 2, 3]) void scheduler.infer(requestOf(number));
  for (const number of [1, 2, 3]) {
    assert.deepEqual(numbersIn(instances[0]!), [number]);
    instances[0]!.finish();
    await settled();
  }
});

test('in a hand-off a request that was cancelled while it waited is missing, and one that fails fails alone', async () => {
  const { scheduler, instances, keptSlots } = build();
  const [instance] = instances;
  instance!.runUs = 10;
  const first = scheduler.infer(requestOf(1));
  const [second, third, fourth] = [requestOf(2), requestOf(3), requestOf(4)];
  const outcomes = [
    failure(scheduler.infer(second)),
    scheduler.infer(third),
    failure(scheduler.infer(fourth)),
  ];
  second.cancel();
  instance!.finish();
  await settled();
  (await first).release();
  assert.deepEqual(numbersIn(instance!), [3, 4]);
  const { runs, resolve } = instance!.held!;
  const [good, bad] = runs;
  const outputs = [
    { index: 0, datatype: 'INT32' as const, shape: [1], data: new Uint8Array(good!.slot, 0, 4) },
  ];
  resolve({
    results: [
      { kind: 'done', slot: good!.slot, outputs, inputEndUs: 0, inferEndUs: 0 },
      { kind: 'failed', slot: bad!.slot, error: new InferenceError('internal', 'no') },
    ],
    tookUs: 20,
  });
  const [cancelled, answer, failed] = await Promise.all(outcomes);
  assert.equal((cancelled as InferenceError).code, 'cancelled');
  assert.equal((failed as InferenceError).message, 'no');
  (answer as InferResponse).release();
  assert.equal(keptSlots(), 3);
});
