import { randomFill } from 'node:crypto';
import { promisify } from 'node:util';
import type { ModelSpec } from '../config/tensor-spec.js';
import { toWarmup } from '../config/warmup.js';
import type { ModelConfig } from '../generated/model_config_pb.js';
import { invalidArgument, toInferenceError } from '../inference/error.js';
import { InferRequest } from '../inference/request.js';
import { fedInputs } from '../instances/batch-inputs.js';
import type { InputSpan, Run } from '../instances/messages.js';
import type { PooledInstance } from '../instances/pool.js';
import { fillSlot, outputAreas, type SlotPlan } from '../instances/slot.js';
import type { Log } from '../telemetry/log.js';
import { alignUp, Arena } from '../tensors/arena.js';
import type { Tensor } from '../tensors/tensor.js';
import { checkRequest } from './check.js';
import { prepareSamples, type PreparedInput, type PreparedSample } from './warmup-data.js';

/** Runs a model's samples on an instance that does not serve yet; rejects with why it must not. */
export type WarmUp = (instance: PooledInstance, stop?: Stop) => Promise<void>;

/** Whether the instance will not serve anyhow: asked before each run, so that a close need not wait for all of them. */
export type Stop = () => boolean;

/** Reads what a model's samples need. What it gives back warms up one instance, straight at its session. */
export async function prepareWarmUp(
  config: ModelConfig,
  source: { readonly spec: ModelSpec; readonly folder: string },
  log: Log,
): Promise<WarmUp> {
  for (const { name, batchSize } of config.modelWarmup) {
    const said = batchSize === 0 ? 'Skipping batch 0 warmup sample' : 'Generating warmup sample data for';
    log.verbose(1, `${said} '${name}'`);
  }
  const samples = await prepareSamples(toWarmup(config), source);
  return async (instance, stop = () => false) => {
    for (const sample of samples) {
      try {
        await runSample(sample, { spec: source.spec, instance, log, stop });
      } catch (error) {
        const reason = toInferenceError(error).message;
        throw invalidArgument(`failed to run warmup sample '${sample.name}': ${reason}; `);
      }
    }
  };
}

/** The instance, once it has run what it should; one that cannot is closed. */
export async function warmedUp<T extends PooledInstance>(instance: T, warmUp: WarmUp): Promise<T> {
  try {
    await warmUp(instance);
    return instance;
  } catch (error) {
    await instance.close();
    throw error;
  }
}

interface Place {
  readonly spec: ModelSpec;
  readonly instance: PooledInstance;
  readonly log: Log;
  readonly stop: Stop;
}

async function runSample(sample: PreparedSample, { spec, instance, log, stop }: Place): Promise<void> {
  const { requestCount, runCount } = sample;
  if (requestCount > spec.maxBatchSize && requestCount > 1) {
    throw invalidArgument(
      `batch size ${requestCount} for '${instance.name}', max allowed is ${spec.maxBatchSize}`,
    );
  }
  const arena = new Arena({ keptBytesMax: 0, shared: false });
  const plan = { spec, outputs: instance.outputs };
  for (let iteration = 1; iteration <= runCount; iteration++) {
    if (stop()) throw invalidArgument(`instance '${instance.name}' is being closed`);
    log.verbose(
      1,
      `model '${spec.name}' instance ${instance.name} is running warmup sample '${sample.name}' for iteration ${iteration}`,
    );
    const run = await makeRun(plan, sample, arena);
    const [result] = (await instance.run([run])).results;
    if (result?.kind === 'failed') throw result.error;
  }
}

/** The requests of a sample are all alike. */
async function makeRun(plan: SlotPlan, sample: PreparedSample, arena: Arena): Promise<Run> {
  const inputs = await Promise.all(sample.inputs.map(makeTensor));
  checkRequest(plan.spec, new InferRequest('', inputs));
  const requests = Array.from({ length: sample.requestCount }, () => new InferRequest('', inputs));
  const run = fillSlot(plan, requests, arena);
  if (sample.overrides.length === 0) return run;
  const overrides = await Promise.all(sample.overrides.map(makeTensor));
  const joined = overrides.map((tensor) => joinAlike(tensor, sample.requestCount));
  return withOverrides(run, { plan, overrides: joined, arena });
}

const fillRandomly = promisify<Uint8Array, Uint8Array>(randomFill);

async function makeTensor({ name, datatype, shape, byteLength, content }: PreparedInput): Promise<Tensor> {
  if (content instanceof Uint8Array) return { name, datatype, shape, data: content };
  const data = new Uint8Array(byteLength);
  if (content === 'random') await fillRandomly(data);
  // What is neither 0 nor 1 is no truth value.
  if (content === 'random' && datatype === 'BOOL') data.forEach((byte, at) => (data[at] = byte & 1));
  return { name, datatype, shape, data };
}

/** What as many requests have of an input that all of them send alike: one behind the other. */
function joinAlike(tensor: Tensor, count: number): Tensor {
  if (count === 1) return tensor;
  const [first = 1, ...rest] = tensor.shape;
  const data = Buffer.concat(Array.from({ length: count }, () => tensor.data));
  return { ...tensor, shape: [first * count, ...rest], data };
}

/** The run with some inputs replaced that the server would feed by itself. */
function withOverrides(
  run: Run,
  { plan, overrides, arena }: { plan: SlotPlan; overrides: readonly Tensor[]; arena: Arena },
): Run {
  const fed = fedInputs(plan.spec);
  const spans: InputSpan[] = [];
  let offset = run.outputsAt;
  for (const { name, datatype, shape, data } of overrides) {
    const index = fed.findIndex((input) => input.name === name);
    const expected = fed[index]?.datatype;
    if (datatype !== expected) {
      throw invalidArgument(
        `inference input '${name}' data-type is '${datatype}', but model '${plan.spec.name}' expects '${expected}'`,
      );
    }
    spans.push({ index, shape, offset, byteLength: data.byteLength });
    offset = alignUp(offset + data.byteLength);
  }
  const kept = run.inputs.filter(({ index }) => !spans.some((span) => span.index === index));
  const changed = { ...run, inputs: [...kept, ...spans], outputsAt: offset };
  const slot = arena.take(outputAreas(plan.outputs, changed).end);
  new Uint8Array(slot).set(new Uint8Array(run.slot, 0, run.outputsAt));
  for (const [at, { data }] of overrides.entries()) new Uint8Array(slot).set(data, spans[at]?.offset);
  return { ...changed, slot };
}
