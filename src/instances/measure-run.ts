import type { ModelSpec, TensorSpec } from '../config/tensor-spec.js';
import { toInferenceError } from '../inference/error.js';
import { InferRequest } from '../inference/request.js';
import { Arena } from '../tensors/arena.js';
import { elementBytes } from '../tensors/datatype.js';
import { elementCount } from '../tensors/shape.js';
import type { Tensor } from '../tensors/tensor.js';
import type { Instance, RunResult } from './instance.js';
import { fillSlot, type SlotPlan } from './slot.js';

/** How long a run takes, as far as that can be told before requests come. */
export type MeasuredRun =
  | { readonly kind: 'measured'; readonly medianUs: number }
  | { readonly kind: 'unknown'; readonly why: string };

/** The first half warms up, JavaScript too, and is not counted. */
const runsMax = 400;
/** Runs that are made however long they take. */
const runsMin = 4;
/** No further run is begun after this. */
const enoughUs = 50_000;
/** Runs that are shorter are handed over together: a run that comes by itself finds cold caches. */
const shortUs = 500;
const togetherCount = 16;

/**
 * Runs the largest batch that the config allows, made of zeros, with dimensions of any size being 1.
 * What a model of strings makes of none says nothing of it.
 */
export async function measureRun(instance: Instance, plan: SlotPlan): Promise<MeasuredRun> {
  const { spec } = plan;
  if (spec.inputs.some(({ datatype }) => datatype === 'BYTES'))
    return { kind: 'unknown', why: 'it takes strings' };
  const tookUs: number[] = [];
  const arena = new Arena({ keptBytesMax: 0, shared: false });
  try {
    const inputs = spec.inputs.map((input) => zeros(spec, input));
    let runs = [fillSlot(plan, [new InferRequest('', inputs)], arena)];
    for (let spentUs = 0; tookUs.length < runsMin || (tookUs.length < runsMax && spentUs < enoughUs);) {
      const { results } = await instance.run(runs);
      tookUs.push(...results.map(timeOf));
      spentUs = tookUs.reduce((sum, us) => sum + us, 0);
      const count = spentUs / tookUs.length < shortUs ? togetherCount : 1;
      runs = Array.from({ length: count }, () => fillSlot(plan, [new InferRequest('', inputs)], arena));
    }
  } catch (error) {
    return { kind: 'unknown', why: `a batch of zeros fails: ${toInferenceError(error).message}` };
  }
  const sorted = tookUs.slice(tookUs.length >> 1).sort((a, b) => a - b);
  return { kind: 'measured', medianUs: sorted[sorted.length >> 1] ?? 0 };
}

function timeOf(result: RunResult): number {
  if (result.kind === 'failed') throw result.error;
  return result.inferEndUs - result.inputEndUs;
}

function zeros({ maxBatchSize }: ModelSpec, { name, datatype, dims }: TensorSpec): Tensor {
  const row = dims.map((dim) => (dim === -1 ? 1 : dim));
  const shape = maxBatchSize > 0 ? [maxBatchSize, ...row] : row;
  return { name, datatype, shape, data: new Uint8Array(elementCount(shape) * elementBytes[datatype]) };
}
