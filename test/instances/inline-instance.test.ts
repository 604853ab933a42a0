import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InferenceError } from '../../src/inference/error.js';
import { nowUs } from '../../src/inference/now.js';
import type { Session } from '../../src/instances/backend.js';
import { InlineInstance } from '../../src/instances/inline-instance.js';
import type { Run } from '../../src/instances/messages.js';
import type { SlowRuns } from '../../src/instances/run-watch.js';
import { openMessage } from '../support/instance.js';
import { testInstances } from './instance-suite.js';

const quiet = { onSlow(): void {} };

testInstances({
  open: (model) => InlineInstance.open(model, quiet),
  closedText: (name) => `instance '${name}' has been closed`,
});

function runOf(slot: ArrayBufferLike): Run {
  const inputs = [{ index: 0, shape: [1, 1], offset: 0, byteLength: 4 }];
  return { slot, batchSize: 1, inputs, wanted: [0], outputsAt: 64 };
}

/** A session whose run holds the thread for so long, at the end of the turn as the real one does. */
function sessionOf(holdUs: number, fails = false): Session {
  return {
    outputs: [],
    run: () =>
      new Promise((resolve, reject) => {
        setImmediate(() => {
          const inputEndUs = nowUs();
          while (nowUs() - inputEndUs < holdUs);
          if (fails) reject(new InferenceError('internal', 'bad'));
          else resolve({ outputs: [], inputEndUs, inferEndUs: nowUs() });
        });
      }),
    async close() {},
  };
}

async function slowOf(session: Session, runCount: number): Promise<SlowRuns[]> {
  const told: SlowRuns[] = [];
  const instance = new InlineInstance('m', session, { onSlow: (runs) => told.push(runs) });
  for (let i = 0; i < runCount; i++) await instance.run([runOf(new ArrayBuffer(1024))]);
  return told;
}

test('the slot stays where it is, and can be used while it is held', async () => {
  const instance = await InlineInstance.open(await openMessage('identity_fp32'), quiet);
  const slot = new ArrayBuffer(1024);
  new Float32Array(slot)[0] = 1.5;
  const running = instance.run([runOf(slot)]);
  assert.equal(slot.byteLength, 1024);
  const [result] = (await running).results;
  assert.equal(result!.slot, slot);
  assert.equal(new Float32Array(slot)[0], 1.5);
  await instance.close();
});

test('the event loop has a turn between the runs of one hand-off', async () => {
  const instance = await InlineInstance.open(await openMessage('identity_fp32'), quiet);
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const runs = Array.from({ length: 8 }, () => runOf(new ArrayBuffer(1024)));
  const { results } = await instance.run(runs);
  isDone = true;
  assert.equal(results.length, 8);
  assert.ok(turns >= 8, `${turns} turns`);
  await instance.close();
});

test('what other work takes of the turn in which a run waits does not count as the run', async () => {
  const others = (): void => {
    const startUs = nowUs();
    while (nowUs() - startUs < 20_000);
  };
  const instance = new InlineInstance('m', sessionOf(0), quiet);
  setImmediate(others);
  const startUs = nowUs();
  const { results, tookUs } = await instance.run([runOf(new ArrayBuffer(1024))]);
  const [result] = results;
  assert.ok(result?.kind === 'done' && result.inputEndUs - startUs >= 20_000);
  assert.ok(tookUs < nowUs() - startUs - 20_000 + 1);
});

test('runs that hold the loop for long are told of once, those that fail as well', async () => {
  for (const fails of [false, true]) {
    const told = await slowOf(sessionOf(10_001, fails), 5);
    assert.equal(told.length, 1);
    assert.deepEqual([told[0]!.runCount, told[0]!.slowCount], [3, 3]);
  }
});
