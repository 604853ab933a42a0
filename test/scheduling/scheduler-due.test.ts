import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pull } from '../../src/scheduling/batcher.js';
import { DirectBatcher } from '../../src/scheduling/direct.js';
import type { Entry } from '../../src/scheduling/entry.js';
import { build, failure, numberIn, requestOf } from '../support/scheduler.js';

/** Gives all that waits as soon as the oldest has waited for 5 ms. */
class Patient extends DirectBatcher {
  readonly pullsUs: number[] = [];

  #entries: Entry[] = [];

  override offer(entry: Entry): boolean {
    this.#entries.push(entry);
    return super.offer(entry);
  }

  override pull(nowUs: number): Pull {
    this.pullsUs.push(nowUs);
    const oldest = this.#entries.find(({ queued }) => queued);
    const untilUs = (oldest?.enqueuedUs ?? nowUs) + 5000;
    return oldest !== undefined && nowUs < untilUs ? { kind: 'wait', untilUs } : super.pull(nowUs, 1);
  }
}

test('a batcher that waits for company is asked again at its due time, and the instance stays idle', async () => {
  const batcher = new Patient();
  const { scheduler, instances, idle, clock } = build({ batcher });
  const answer = scheduler.infer(requestOf(1));
  assert.deepEqual(clock.waitsMs, [5]);
  assert.deepEqual(idle, instances);
  clock.advance(4);
  assert.equal(numberIn(instances[0]!), undefined);
  clock.advance(1);
  assert.equal(numberIn(instances[0]!), 1);
  assert.deepEqual(batcher.pullsUs, [0, 5000]);
  instances[0]!.finish();
  await answer;
  assert.deepEqual(clock.waitsMs, []);
});

test('an arrival asks a waiting batcher at once and leaves one due time', async () => {
  const { scheduler, instances, clock } = build({ batcher: new Patient(), count: 2 });
  const answers = [scheduler.infer(requestOf(1))];
  clock.advance(2);
  answers.push(scheduler.infer(requestOf(2)));
  assert.deepEqual(clock.waitsMs, [3]);
  clock.advance(3);
  assert.deepEqual(instances.map(numberIn), [1, undefined]);
  assert.deepEqual(clock.waitsMs, [2]);
  clock.advance(2);
  assert.deepEqual(instances.map(numberIn), [1, 2]);
  for (const instance of instances) instance.finish();
  await Promise.all(answers);
});

test('a due time whose request was cancelled is dropped and starts nothing', async () => {
  const { scheduler, instances, clock } = build({ batcher: new Patient() });
  const request = requestOf(1);
  const refused = failure(scheduler.infer(request));
  request.cancel();
  assert.deepEqual(clock.waitsMs, []);
  clock.advance(10);
  await refused;
  assert.equal(numberIn(instances[0]!), undefined);
});
