import { fitsRule } from '../../src/scheduling/fits.js';
import type { BatchingSpec, QueuePolicy } from '../../src/config/batching.js';
import type { ModelSpec } from '../../src/config/tensor-spec.js';
import { InferRequest, type RequestedOutput } from '../../src/inference/request.js';
import { exactDelay, type Delay } from '../../src/scheduling/delay.js';
import { DynamicBatcher } from '../../src/scheduling/dynamic-batcher.js';
import { Entry } from '../../src/scheduling/entry.js';

/** What a test says of a request; what it leaves out is one sample of the usual shape, now, without wishes. */
export interface Wishes {
  readonly id?: string;
  readonly rows?: number;
  readonly atUs?: number;
  readonly dim?: number;
  /** Whether it gives the input that may be left out. */
  readonly extra?: boolean;
  readonly priority?: number;
  readonly timeoutUs?: number;
  readonly outputs?: readonly RequestedOutput[];
}

/** An entry that nobody has admitted yet. */
export function newEntry(wishes: Wishes = {}): Entry {
  const { id = '', rows = 1, atUs = 0, dim = 1, extra = false, outputs = [] } = wishes;
  const tensor = { datatype: 'INT32' as const, shape: [rows, dim], data: new Uint8Array(4 * rows * dim) };
  const inputs = [{ ...tensor, name: 'IN' }];
  if (extra) inputs.push({ ...tensor, name: 'EXTRA' });
  const request = new InferRequest(id, inputs, outputs);
  request.priority = BigInt(wishes.priority ?? 0);
  request.timeoutUs = BigInt(wishes.timeoutUs ?? 0);
  return new Entry(request, { rows, startUs: atUs, enqueuedUs: atUs });
}

export const noPolicy: QueuePolicy = {
  action: 'reject',
  timeoutUs: 0,
  overridable: false,
  sizeMax: Infinity,
};

export const plainBatching: BatchingSpec = {
  batchSizeMax: 8,
  preferredSizes: [8],
  delayUs: 0,
  delayMode: 'exact',
  objectiveUs: undefined,
  preserveOrdering: false,
  levelCount: 0,
  defaultLevel: 0,
  defaultPolicy: noPolicy,
  policies: new Map(),
};

/** Inputs that are all given and of a fixed shape; of a variable shape; of which one may be left out. */
export type InputKind = 'fixed' | 'variable' | 'optional';

export function modelOf(kind: InputKind, maxBatchSize: number): ModelSpec {
  const dims = [kind === 'fixed' ? 1 : -1];
  const tensor = { name: 'IN', datatype: 'INT32' as const, dims, modelDims: dims, labelFile: '' };
  const inputs = [{ ...tensor, optional: false }];
  if (kind === 'optional') inputs.push({ ...tensor, name: 'EXTRA', optional: true });
  return { name: 'm', maxBatchSize, inputs, outputs: [] };
}

export interface BatcherSetup {
  readonly spec?: Partial<BatchingSpec>;
  readonly inputs?: InputKind;
  readonly delay?: Delay;
  readonly heldBack?: number;
  readonly largeBytesMax?: number;
}

export function newBatcher({
  spec: given,
  inputs = 'fixed',
  delay,
  heldBack = 0,
  largeBytesMax = Infinity,
}: BatcherSetup): DynamicBatcher {
  const spec = { ...plainBatching, ...given };
  const fits = fitsRule(modelOf(inputs, spec.batchSizeMax));
  return new DynamicBatcher({ spec, fits, delay: delay ?? exactDelay(spec), heldBack, largeBytesMax });
}
