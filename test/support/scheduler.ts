import assert from 'node:assert/strict';
import { InferenceError } from '../../src/inference/error.js';
import { InferRequest } from '../../src/inference/request.js';
import type { InferResponse } from '../../src/inference/response.js';
import type { Instance } from '../../src/instances/instance.js';
import type { Run } from '../../src/instances/messages.js';
import type { Batcher } from '../../src/scheduling/batcher.js';
import { DirectBatcher } from '../../src/scheduling/direct.js';
import type { DynamicBatcher } from '../../src/scheduling/dynamic-batcher.js';
import type { Recorder } from '../../src/scheduling/recorder.js';
import { Scheduler } from '../../src/scheduling/scheduler.js';
import type { Source } from '../../src/scheduling/scatter.js';
import { Arena } from '../../src/tensors/arena.js';
import { modelOf, newBatcher, plainBatching, type BatcherSetup } from './batches.js';
import { FakeClock } from './fake-clock.js';
import { FakeInstance } from './fake-instance.js';

export const slotBytes = 1024;

export const spec: Source['spec'] = {
  name: 'numbers',
  maxBatchSize: 0,
  inputs: [{ name: 'IN', datatype: 'INT32', dims: [1], modelDims: [1], optional: false, labelFile: '' }],
  outputs: [{ name: 'OUT', datatype: 'INT32', dims: [1], modelDims: [1], optional: false, labelFile: '' }],
};

export const noRecorder: Recorder = {
  recordRun() {},
  recordSuccess() {},
  recordFailure() {},
  recordRefusal() {},
};

/** A scheduler whose clock and instances are the test's. */
export interface House {
  readonly scheduler: Scheduler;
  readonly instances: readonly FakeInstance[];
  readonly idle: FakeInstance[];
  readonly clock: FakeClock;
  /** Bytes of slots that lie in the arena, out of those that were made. */
  readonly keptSlots: () => number;
  readonly aliveCount: () => number;
  /** Ends an instance that lives, with what it holds. */
  readonly lose: (instance: FakeInstance) => void;
  /** Starts an instance that was lost. */
  readonly recover: (instance: FakeInstance) => void;
}

export interface HouseSetup {
  readonly count?: number;
  readonly batcher?: Batcher;
  readonly model?: Source['spec'];
  readonly recorder?: Recorder;
  readonly ordered?: boolean;
  /** Whether each turn of the event loop ends as soon as somebody asks for its end. */
  readonly shortTurns?: boolean;
}

export function build({
  count = 1,
  batcher = new DirectBatcher(),
  model = spec,
  recorder = noRecorder,
  ordered = false,
  shortTurns = true,
}: HouseSetup = {}): House {
  const clock = new FakeClock({ shortTurns });
  const arena = new Arena({ keptBytesMax: 2 ** 20, shared: false });
  const instances = Array.from({ length: count }, () => new FakeInstance());
  const idle = [...instances];
  const alive = new Set<Instance>(instances);
  const scheduler = new Scheduler({
    batcher,
    clock,
    plan: { spec: model, outputs: [] },
    source: { spec: model, version: 7, arena },
    recorder,
    ordered,
    instances: {
      get idleCount() {
        return idle.length;
      },
      get aliveCount() {
        return alive.size;
      },
      takeIdle: () => idle.shift(),
      giveBack: (instance: Instance) => void (alive.has(instance) && idle.push(instance as FakeInstance)),
    },
  });
  return {
    scheduler,
    instances,
    idle,
    clock,
    keptSlots: () => arena.keptBytes / slotBytes,
    aliveCount: () => alive.size,
    lose(instance) {
      if (!alive.delete(instance)) return;
      const at = idle.indexOf(instance);
      if (at >= 0) idle.splice(at, 1);
      else instance.die(new InferenceError('unavailable', 'gone'));
    },
    recover(instance) {
      if (alive.has(instance)) return;
      alive.add(instance);
      idle.push(instance);
      scheduler.pump();
    },
  };
}

/** A house whose model has batches of up to so many samples, formed by a dynamic batcher. */
export interface BatchingHouse extends House {
  readonly batcher: DynamicBatcher;
}

export type BatchingSetup = Omit<HouseSetup, 'batcher' | 'model'> & BatcherSetup;

export function buildBatching(setup: BatchingSetup = {}): BatchingHouse {
  const maxBatchSize = setup.spec?.batchSizeMax ?? plainBatching.batchSizeMax;
  const outputs = spec.outputs.map((output) => ({ ...output, dims: [-1], modelDims: [-1] }));
  const model = { ...modelOf(setup.inputs ?? 'variable', maxBatchSize), name: spec.name, outputs };
  const batcher = newBatcher({ inputs: 'variable', ...setup });
  return { ...build({ ...setup, model, batcher }), batcher };
}

export interface SampleWishes {
  readonly id?: string;
  readonly rows?: number;
  readonly dim?: number;
}

/** A request for a model with a batch dimension, full of one number. */
export function samplesOf(number: number, { id = '', rows = 1, dim = 1 }: SampleWishes = {}): InferRequest {
  const data = new Uint8Array(new Int32Array(rows * dim).fill(number).buffer);
  return new InferRequest(id, [{ name: 'IN', datatype: 'INT32', shape: [rows, dim], data }]);
}

/** All numbers of a run. */
export function numbersOf({ slot, inputs }: Run): number[] {
  const { offset, byteLength } = inputs[0]!;
  return [...new Int32Array(slot, offset, byteLength / 4)];
}

/** All numbers of the runs that an instance holds, run by run. */
export function batchesIn({ held }: FakeInstance): number[][] {
  return (held?.runs ?? []).map(numbersOf);
}

/** The numbers of an answer, which is then done with. */
export function takeNumbers(response: InferResponse): number[] {
  const { buffer, byteOffset, byteLength } = response.outputs[0]!.data;
  const numbers = [...new Int32Array(buffer, byteOffset, byteLength / 4)];
  response.release();
  return numbers;
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
