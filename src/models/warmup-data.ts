import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { describeProblem } from '../config/problem.js';
import type { ModelSpec } from '../config/tensor-spec.js';
import type { WarmupInput, WarmupSample } from '../config/warmup.js';
import { InferenceError, invalidArgument } from '../inference/error.js';
import { fedInputs } from '../instances/batch-inputs.js';
import { elementBytes } from '../tensors/datatype.js';
import { elementCount, type Shape } from '../tensors/shape.js';
import { fileErrorReason } from './file-error.js';

/** An input of one request of a sample, as it is sent, and its bytes: from a file, or yet to be made. */
export interface PreparedInput extends Pick<WarmupInput, 'name' | 'datatype'> {
  readonly shape: Shape;
  readonly byteLength: number;
  readonly content: 'zero' | 'random' | Uint8Array;
}

/** A sample with what its files hold. */
export interface PreparedSample extends Omit<WarmupSample, 'inputs'> {
  readonly inputs: readonly PreparedInput[];
  /** Inputs that the server itself would otherwise feed; their dims are those of the model. */
  readonly overrides: readonly PreparedInput[];
}

/** Every string of zero or random data is empty: four bytes of length. */
const emptyStringBytes = 4;

/** More than this the requests of one run may not hold together. */
const runBytesMax = 2 ** 31 - 1;
/** So many requests of no bytes at all are surely a slip of the pen. */
const requestCountMax = 2 ** 20;

/** Reads what the samples of a model need; what they are made of is made when they run. */
export async function prepareSamples(
  samples: readonly WarmupSample[],
  { spec, folder }: { readonly spec: ModelSpec; readonly folder: string },
): Promise<PreparedSample[]> {
  const made = new Set(
    fedInputs(spec)
      .slice(spec.inputs.length)
      .map(({ name }) => name),
  );
  const prepared: PreparedSample[] = [];
  for (const sample of samples) {
    const inputs: PreparedInput[] = [];
    const overrides: PreparedInput[] = [];
    for (const input of sample.inputs) {
      const overriding = made.has(input.name);
      const batched = spec.maxBatchSize > 0 && !overriding;
      const shape = batched ? [1, ...input.dims] : input.dims;
      (overriding ? overrides : inputs).push(await prepareInput(input, shape, folder));
    }
    refuseHuge(sample, [...inputs, ...overrides]);
    prepared.push({ ...sample, inputs, overrides });
  }
  return prepared;
}

async function prepareInput(input: WarmupInput, shape: Shape, folder: string): Promise<PreparedInput> {
  const { name, datatype, data } = input;
  const strings = datatype === 'BYTES';
  const byteLength = elementCount(shape) * (strings ? emptyStringBytes : elementBytes[datatype]);
  if (data.kind === 'random') {
    return { name, datatype, shape, byteLength, content: strings ? 'zero' : 'random' };
  }
  if (data.kind === 'zero') return { name, datatype, shape, byteLength, content: 'zero' };
  const file = path.join(folder, 'warmup', data.file);
  const content = await readStart(file, strings ? undefined : byteLength, name);
  if (!strings && content.byteLength < byteLength) {
    throw invalidArgument(
      `[request id: <id_unknown>] warmup setting expects ${byteLength} bytes, but the data provided from ${data.file}only has ${content.byteLength} bytes`,
    );
  }
  return { name, datatype, shape, byteLength: content.byteLength, content };
}

/** Reads as many bytes as are wanted and there; the whole file when that is left open. */
async function readStart(file: string, wanted: number | undefined, input: string): Promise<Uint8Array> {
  try {
    const { size } = await readStats(file);
    const bytes = new Uint8Array(Math.min(wanted ?? size, size));
    const handle = await open(file, 'r');
    try {
      let at = 0;
      for (let read = 1; read > 0 && at < bytes.byteLength; at += read) {
        ({ bytesRead: read } = await handle.read(bytes, at, bytes.byteLength - at, at));
      }
      return bytes.subarray(0, at);
    } finally {
      await handle.close();
    }
  } catch (error) {
    const message = `failed to open text file for read ${file}: ${fileErrorReason(error)}`;
    const remedy = `put the file there, or correct input_data_file of warmup input '${input}'`;
    throw new InferenceError('internal', describeProblem({ message, remedy }), { cause: error });
  }
}

/** What is no file, such as a pipe, might never end. */
async function readStats(file: string): Promise<{ size: number }> {
  const stats = await stat(file);
  if (!stats.isFile()) throw new Error('not a regular file');
  return stats;
}

function refuseHuge({ name, requestCount }: WarmupSample, inputs: readonly PreparedInput[]): void {
  const bytes = inputs.reduce((sum, { byteLength }) => sum + byteLength, 0) * requestCount;
  if (bytes <= runBytesMax && requestCount <= requestCountMax) return;
  throw invalidArgument(
    `warmup sample '${name}' of ${requestCount} requests is of ${bytes} bytes: this server runs samples of at most ${requestCountMax} requests and ${runBytesMax} bytes`,
  );
}
