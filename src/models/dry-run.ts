import { describeProblem } from '../config/problem.js';
import type { ModelSpec, TensorSpec } from '../config/tensor-spec.js';
import { InferenceError, toInferenceError } from '../inference/error.js';
import { InferRequest } from '../inference/request.js';
import type { PooledInstance } from '../instances/pool.js';
import { fillSlot } from '../instances/slot.js';
import { scatter } from '../scheduling/scatter.js';
import { Arena } from '../tensors/arena.js';
import type { Datatype } from '../tensors/datatype.js';
import { elementCount, formatShape } from '../tensors/shape.js';
import type { Tensor } from '../tensors/tensor.js';

/** Sizes that are tried for dimensions of any size: what is too small for one model is too large for another. */
const freeSizes = [1, 16, 224];
/** Larger inputs than this are not made up, but for the smallest. */
const inputBytesMax = 2 ** 26;
/** Two show whether the rows of a batch really are rows. */
const batchedRequests = 2;

/** What the inputs of a dry run are made of. */
interface Made {
  readonly freeSize: number;
  /** The value of every element; as text in strings. Ones come first: nothing can be divided by zeros. */
  readonly value: 0 | 1;
}

/**
 * Runs an instance on made-up input: of a model that takes batches two requests together. Input is made in
 * several ways, and one that works is enough, for what means something to a model cannot be told from outside.
 * Throws when none does.
 */
export async function dryRun(instance: PooledInstance, spec: ModelSpec): Promise<void> {
  const together = Math.min(Math.max(1, spec.maxBatchSize), batchedRequests);
  const ways = listWays(spec);
  const error = await tryAll(instance, spec, { ways, together });
  if (error === undefined) return;
  const alone = together > 1 && (await tryAll(instance, spec, { ways, together: 1 })) === undefined;
  const tried = ways.slice(0, 1).flatMap((made) => makeInputs(spec, made));
  const shown = tried.map(({ name, datatype, shape }) => `'${name}' ${datatype}${formatShape(shape)}`);
  const said = { input: shown.join(', ') || 'none', reason: error.message.trim() };
  throw new InferenceError(error.code, describeProblem(alone ? tellBatch(spec, said) : tellRun(said)));
}

interface Said {
  readonly input: string;
  readonly reason: string;
}

function tellBatch(
  { maxBatchSize }: ModelSpec,
  { input, reason }: Said,
): { message: string; remedy: string } {
  return {
    message: `the model runs one request of made-up input (${input}) and fails on two together, though max_batch_size is ${maxBatchSize}: ${reason}`,
    remedy:
      'write max_batch_size: 1, or 0 with the whole shapes as dims; or export the model so that its first dimension is the batch from input to output, with no batch size fixed inside',
  };
}

function tellRun({ input, reason }: Said): { message: string; remedy: string } {
  return {
    message: `the model fails on made-up input (${input}): ${reason}`,
    remedy:
      'if it wants other shapes, write those that it takes as dims in config.pbtxt; if it wants other values, give it a sample in model_warmup, which is run instead',
  };
}

function listWays(spec: ModelSpec): Made[] {
  const isFree = spec.inputs.some(({ optional, dims }) => !optional && dims.includes(-1));
  const sizes = freeSizes.slice(0, isFree ? undefined : 1);
  const ways = sizes.flatMap((freeSize) => ([1, 0] as const).map((value) => ({ freeSize, value })));
  return ways.filter(({ freeSize }) => freeSize === freeSizes[0] || bytesOf(spec, freeSize) <= inputBytesMax);
}

/** The last failure is not kept: what the plainest input meets is the likeliest reason. */
async function tryAll(
  instance: PooledInstance,
  spec: ModelSpec,
  { ways, together }: { ways: readonly Made[]; together: number },
): Promise<InferenceError | undefined> {
  let first: InferenceError | undefined;
  for (const made of ways) {
    const error = await tryOne(instance, spec, { made, together });
    if (error === undefined) return undefined;
    first ??= error;
  }
  return first;
}

async function tryOne(
  instance: PooledInstance,
  spec: ModelSpec,
  { made, together }: { made: Made; together: number },
): Promise<InferenceError | undefined> {
  const arena = new Arena({ keptBytesMax: 0, shared: false });
  try {
    const inputs = makeInputs(spec, made);
    const requests = Array.from({ length: together }, () => new InferRequest('', inputs));
    const run = fillSlot({ spec, outputs: instance.outputs }, requests, arena);
    const [result] = (await instance.run([run])).results;
    if (result?.kind === 'failed') return result.error;
    if (result === undefined) throw new Error(`${instance.name} answered nothing. This is a bug.`);
    const answers = scatter({ spec, version: 1, arena }, requests, result);
    return answers.find((answer) => answer instanceof InferenceError);
  } catch (error) {
    return toInferenceError(error);
  }
}

function makeInputs(spec: ModelSpec, { freeSize, value }: Made): Tensor[] {
  return spec.inputs
    .filter(({ optional }) => !optional)
    .map(({ name, datatype, dims }) => {
      const shape = fixed(spec, dims, freeSize);
      const element = value === 1 ? ones[datatype] : zerosLike(datatype);
      const data = Buffer.alloc(elementCount(shape) * element.length, Uint8Array.from(element));
      return { name, datatype, shape, data };
    });
}

function fixed({ maxBatchSize }: ModelSpec, dims: TensorSpec['dims'], freeSize: number): number[] {
  const row = dims.map((dim) => (dim === -1 ? freeSize : dim));
  return maxBatchSize > 0 ? [1, ...row] : row;
}

function bytesOf(spec: ModelSpec, freeSize: number): number {
  return spec.inputs.reduce(
    (sum, { dims, datatype }) => sum + elementCount(fixed(spec, dims, freeSize)) * ones[datatype].length,
    0,
  );
}

/** The bytes of a one; of a text that says so, with its length before it. */
const ones: Readonly<Record<Datatype, readonly number[]>> = {
  BOOL: [1],
  UINT8: [1],
  INT8: [1],
  UINT16: [1, 0],
  INT16: [1, 0],
  UINT32: [1, 0, 0, 0],
  INT32: [1, 0, 0, 0],
  UINT64: [1, 0, 0, 0, 0, 0, 0, 0],
  INT64: [1, 0, 0, 0, 0, 0, 0, 0],
  FP16: [0, 0x3c],
  BF16: [0x80, 0x3f],
  FP32: [0, 0, 0x80, 0x3f],
  FP64: [0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
  BYTES: [1, 0, 0, 0, 0x31],
};

function zerosLike(datatype: Datatype): readonly number[] {
  return datatype === 'BYTES' ? [1, 0, 0, 0, 0x30] : ones[datatype].map(() => 0);
}
