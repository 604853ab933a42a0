import { clone, create } from '@bufbuild/protobuf';
import {
  DataType,
  ModelConfigSchema,
  ModelDynamicBatchingSchema,
  ModelInputSchema,
  ModelOutputSchema,
  ModelTensorReshapeSchema,
  type ModelConfig,
  type ModelTensorReshape,
} from '../generated/model_config_pb.js';
import type { Datatype } from '../tensors/datatype.js';
import { formatShape } from '../tensors/shape.js';
import type { IoFacts, ModelFacts, TensorFacts } from './model-facts.js';
import { invalid, unsupported, type Problem } from './problem.js';

/** The batch size of a model that can be batched and whose config names none, unless a flag says another. */
export const builtInMaxBatchSize = 4;

export interface CompletionOptions {
  /** `max_batch_size` for a model that can be batched and whose config names none; 0 leaves it without. */
  readonly defaultMaxBatchSize: number;
}

/** A config with what its model says, and what stands against it. */
export interface Completion {
  readonly config: ModelConfig;
  readonly problems: readonly Problem[];
  /** What was chosen for the user who may want something else. */
  readonly warnings: readonly string[];
}

/** Whether a config names inputs and outputs: then nothing of it is completed, not even its batch size. */
export function namesTensors({ input, output }: ModelConfig): boolean {
  return input.length > 0 && output.length > 0;
}

/**
 * Completes a normalised config that does not name all its inputs and outputs from what the model says of
 * itself. The config that was given stays as it is; the new one has to be normalised and checked again.
 */
export function autoComplete(
  given: ModelConfig,
  facts: ModelFacts,
  { defaultMaxBatchSize }: CompletionOptions,
): Completion {
  const config = clone(ModelConfigSchema, given);
  const warnings: string[] = [];
  const problems = [...completeBatching(config, facts, { defaultMaxBatchSize, warnings })];
  const fed = namesFed(config);
  const inputs = given.input.length > 0 ? [] : facts.inputs.filter(({ name }) => !fed.inputs.has(name));
  const outputs = given.output.length > 0 ? [] : facts.outputs.filter(({ name }) => !fed.outputs.has(name));
  problems.push(...checkCarried(config.name, { inputs, outputs }));
  const batched = config.maxBatchSize > 0;
  for (const facts of inputs.filter(isTensor)) {
    config.input.push(create(ModelInputSchema, describe(facts, batched)));
  }
  for (const facts of outputs.filter(isTensor)) {
    config.output.push(create(ModelOutputSchema, describe(facts, batched)));
  }
  return { config, problems, warnings };
}

/** Steps A to F: whether the model can be batched, and with how many samples. */
function* completeBatching(
  config: ModelConfig,
  facts: ModelFacts,
  { defaultMaxBatchSize, warnings }: CompletionOptions & { warnings: string[] },
): Generator<Problem> {
  const { name, maxBatchSize } = config;
  const obstacle = [...facts.inputs, ...facts.outputs].find((io) => !hasBatchDimension(io));
  if (obstacle !== undefined) {
    if (maxBatchSize === 0) return;
    yield invalid(
      `autofill failed for model '${name}': model does not support batching while non-zero max_batch_size is specified`,
      `${tellObstacle(obstacle)}: write max_batch_size: 0, or export the model with a dynamic first dimension on every input and output`,
    );
    return;
  }
  if (maxBatchSize === 0) {
    config.maxBatchSize = Math.max(0, defaultMaxBatchSize);
    if (config.maxBatchSize > 0) warnings.push(tellBatchSize(config));
  }
  if (config.maxBatchSize > 1 && config.schedulingChoice.case === undefined) {
    config.schedulingChoice = { case: 'dynamicBatching', value: create(ModelDynamicBatchingSchema) };
  }
}

/** In Triton's words, its spelling included. */
function tellBatchSize({ name, maxBatchSize }: ModelConfig): string {
  return `autofilled max_batch_size to ${maxBatchSize} for model '${name}' since batching is supporrted but no max_batch_size is specified in model configuration. Must specify max_batch_size to utilize autofill with a larger max batch size`;
}

function hasBatchDimension(io: IoFacts): boolean {
  return io.kind === 'tensor' && io.shape[0] === -1;
}

function tellObstacle(io: IoFacts): string {
  if (io.kind === 'other') return `'${io.name}' is no tensor`;
  if (io.shape.length > 0) return `the model declares '${io.name}' with shape ${formatShape(io.shape)}`;
  return `the model declares '${io.name}' ${io.ranked ? 'as a scalar' : 'without a shape'}`;
}

/** Names that the server itself feeds or keeps: callers neither send nor get them, so they are not listed. */
function namesFed(config: ModelConfig): { inputs: ReadonlySet<string>; outputs: ReadonlySet<string> } {
  const { schedulingChoice: choice, batchInput } = config;
  const sequence = choice.case === 'sequenceBatching' ? choice.value : undefined;
  const states = sequence?.state ?? [];
  return {
    inputs: new Set([
      ...batchInput.flatMap(({ targetName }) => targetName),
      ...(sequence?.controlInput ?? []).map(({ name }) => name),
      ...states.map(({ inputName }) => inputName),
    ]),
    outputs: new Set(states.map(({ outputName }) => outputName)),
  };
}

interface Listed {
  readonly inputs: readonly IoFacts[];
  readonly outputs: readonly IoFacts[];
}

/** What would be listed and cannot be sent or answered. */
function* checkCarried(model: string, { inputs, outputs }: Listed): Generator<Problem> {
  for (const [side, values] of [
    ['input', inputs],
    ['output', outputs],
  ] as const) {
    for (const io of values) {
      if (io.kind === 'other') yield refuseOther(io, side);
      else if (io.datatype === undefined) yield refuseElementType(model, io, side);
    }
  }
}

type Side = 'input' | 'output';

function refuseOther({ name, onnxType }: Extract<IoFacts, { kind: 'other' }>, side: Side): Problem {
  return unsupported(
    `Unsupported ONNX Type '${onnxType}' for I/O '${name}', expected 'ONNX_TYPE_TENSOR'.`,
    side === 'input'
      ? 'export the model with tensors as its inputs'
      : 'list in config.pbtxt the inputs, and those outputs that are tensors; or export the model with tensors as its outputs (for scikit-learn: zipmap=False)',
  );
}

function refuseElementType(model: string, { name, elementType }: TensorFacts, side: Side): Problem {
  return {
    code: 'internal',
    message: `unsupported datatype TYPE_INVALID for ${side} '${name}' for model '${model}'`,
    remedy: `ONNX's ${elementType} has no datatype in the protocol: export the model with another one at its edges`,
  };
}

function isTensor(io: IoFacts): io is TensorFacts {
  return io.kind === 'tensor';
}

/** A scalar gets the dims of one element, which is what callers send; behind a batch dimension the model sees none. */
function describe(
  { name, datatype, shape }: TensorFacts,
  batched: boolean,
): { name: string; dataType: DataType; dims: bigint[]; reshape?: ModelTensorReshape } {
  // A config cannot say that a dimension has no elements: such a one is written as one that varies.
  const dims = shape.slice(batched ? 1 : 0).map((dim) => (dim === 0 ? -1n : BigInt(dim)));
  const dataType = datatype === undefined ? DataType.TYPE_INVALID : dataTypes[datatype];
  if (dims.length > 0) return { name, dataType, dims };
  const reshape = batched ? { reshape: create(ModelTensorReshapeSchema) } : {};
  return { name, dataType, dims: [1n], ...reshape };
}

const dataTypes: Readonly<Record<Datatype, DataType>> = {
  BOOL: DataType.TYPE_BOOL,
  UINT8: DataType.TYPE_UINT8,
  UINT16: DataType.TYPE_UINT16,
  UINT32: DataType.TYPE_UINT32,
  UINT64: DataType.TYPE_UINT64,
  INT8: DataType.TYPE_INT8,
  INT16: DataType.TYPE_INT16,
  INT32: DataType.TYPE_INT32,
  INT64: DataType.TYPE_INT64,
  FP16: DataType.TYPE_FP16,
  BF16: DataType.TYPE_BF16,
  FP32: DataType.TYPE_FP32,
  FP64: DataType.TYPE_FP64,
  BYTES: DataType.TYPE_STRING,
};
