import assert from 'node:assert/strict';
import { InferenceError } from '../../src/inference/error.js';
import { InferRequest } from '../../src/inference/request.js';
import type { Instance } from '../../src/instances/instance.js';
import type { Batcher } from '../../src/scheduling/batcher.js';
import { DirectBatcher } from '../../src/scheduling/direct.js';
import type { Recorder } from '../../src/scheduling/recorder.js';
import { Scheduler } from '../../src/scheduling/scheduler.js';
import type { Source } from '../../src/scheduling/scatter.js';
import { Arena } from '../../src/tensors/arena.js';
import { FakeClock } from './fake-clock.js';
import { FakeInstance } from './fake-instance.js';

export const slotBytes = 1024;

export const spec: Source['spec'] = {
  name: 'numbers',
  maxBatchSize: 0,
  inputs: [{ name: 'IN', datatype: 'INT32', dims: [1], modelDims: [1], optional: false, labelFile: '' }],
  outputs: [{ name: 'OUT', datatype: 'INT32', dims: [1], modelDims: [1], optional: false, labelFile: '' }],
};

export const noRecorder: Recorder = { recordRun() {}, recordSuccess() {}, recordFailure() {} };

/** A scheduler whose clock and instances are the test's. */
export interface House {
  readonly scheduler: Scheduler;
  readonly instances: readonly FakeInstance[];
  readonly idle: FakeInstance[];
  readonly clock: FakeClock;
  /** Bytes of slots that lie in the arena, out of those that were made. */
  readonly keptSlots: () => number;
}

export function build({
  count = 1,
  batcher = new DirectBatcher(),
}: { count?: number; batcher?: Batcher } = {}): House {
  const clock = new FakeClock({ shortTurns: true });
  const arena = new Arena({ keptBytesMax: 2 ** 20, shared: false });
  const instances = Array.from({ length: count }, () => new FakeInstance());
  const idle = [...instances];
  const scheduler = new Scheduler({
    batcher,
    clock,
    plan: { spec, outputs: [] },
    source: { spec, version: 7, arena },
    recorder: noRecorder,
    ordered: false,
    instances: {
      get idleCount() {
        return idle.length;
      },
      aliveCount: count,
      takeIdle: () => idle.shift(),
      giveBack: (instance: Instance) => idle.push(instance as FakeInstance),
    },
  });
  return { scheduler, instances, idle, clock, keptSlots: () => arena.keptBytes / slotBytes };
}

export function requestOf(number: number, id = ''): InferRequest {
  const data = new Uint8Array(Int32Array.of(number).buffer);
  return new InferRequest(id, [{ name: 'IN', datatype: 'INT32', shape: [1], data }]);
}

export function numberIn(instance: FakeInstance): number | undefined {
  return numbersIn(instance)[0];
}

/** The numbers of all requests that an instance holds. */
export function numbersIn({ held }: FakeInstance): (number | undefined)[] {
  return (held?.runs ?? []).map(({ slot, inputs }) => new Int32Array(slot, inputs[0]!.offset, 1)[0]);
}

/** Lets every promise that is settled take its effect. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** What a promise is rejected with. */
export async function failure(promise: Promise<unknown>): Promise<InferenceError> {
  const error = await promise.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof InferenceError);
  return error;
}
