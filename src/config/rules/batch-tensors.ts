import {
  BatchOutput_Kind,
  DataType,
  type BatchInput,
  type BatchOutput,
  type ModelConfig,
} from '../../generated/model_config_pb.js';
import { batchInputKind } from '../batch-spec.js';
import { at, invalid, type Problem } from '../problem.js';

/** Triton's rules for `batch_input` and `batch_output`, and ours for what Triton would trip over later. */
export function* checkBatchTensors(config: ModelConfig): Generator<Problem> {
  const suffix = ` for ${config.name}`;
  const inputs = new Set(config.input.map(({ name }) => name));
  const fed = new Set(inputs);
  for (const [index, input] of config.batchInput.entries()) {
    for (const problem of checkBatchInput(input, { inputs, fed }, suffix)) {
      yield at(`batch_input[${index}]`, problem);
    }
  }
  const cut = new Set<string>();
  for (const [index, output] of config.batchOutput.entries()) {
    for (const problem of checkBatchOutput(output, config, { inputs, cut })) {
      yield at(`batch_output[${index}]`, problem);
    }
  }
}

const oneSource = 'name one input whose shapes count, as in source_input: "x"';

function* checkBatchInput(
  input: BatchInput,
  { inputs, fed }: { inputs: ReadonlySet<string>; fed: Set<string> },
  suffix: string,
): Generator<Problem> {
  const { sourceInput, dataType, targetName } = input;
  const kind = batchInputKind(input.kind);
  if (kind === undefined) {
    yield invalid(`unknown batch input kind ''${suffix}`, `kind is ${input.kind}, which has no name`);
  } else if (sourceInput.length !== 1) {
    yield invalid(
      `batch input kind '${kind}' expects 1 source input, got ${sourceInput.length}${suffix}`,
      oneSource,
    );
  }
  if (dataType !== DataType.TYPE_INT32 && dataType !== DataType.TYPE_FP32) {
    yield invalid(
      `batch input data type must be TYPE_INT32 or TYPE_FP32${suffix}`,
      'write data_type: TYPE_FP32, or TYPE_INT32 if the model takes that',
    );
  }
  yield* checkSources(input, inputs, suffix);
  if (targetName.length === 0) {
    yield invalid(
      `batch input must specify 'target_name'${suffix}`,
      'name the input of the model that takes the value',
    );
  }
  for (const target of targetName) {
    if (fed.has(target)) {
      const remedy = inputs.has(target)
        ? `the server makes '${target}': remove it from the inputs, which are what clients send`
        : 'give each input of the model one value';
      yield invalid(`target input name '${target}' can only be specified once${suffix}`, remedy);
    }
    fed.add(target);
  }
}

function* checkSources(
  { sourceInput }: BatchInput | BatchOutput,
  inputs: ReadonlySet<string>,
  suffix: string,
): Generator<Problem> {
  for (const source of sourceInput) {
    if (inputs.has(source)) continue;
    yield invalid(`unknown source input name '${source}'${suffix}`, `the inputs are: ${listed(inputs)}`);
  }
}

function* checkBatchOutput(
  output: BatchOutput,
  config: ModelConfig,
  { inputs, cut }: { inputs: ReadonlySet<string>; cut: Set<string> },
): Generator<Problem> {
  const suffix = ` for ${config.name}`;
  const { kind, sourceInput, targetName } = output;
  if (kind !== BatchOutput_Kind.BATCH_SCATTER_WITH_INPUT_SHAPE) {
    yield invalid(`unknown batch output kind ''${suffix}`, `kind is ${kind}, which has no name`);
  } else if (sourceInput.length !== 1) {
    yield invalid(
      `batch output kind 'BATCH_SCATTER_WITH_INPUT_SHAPE' expects 1 source input, got ${sourceInput.length}${suffix}`,
      oneSource,
    );
  }
  yield* checkSources(output, inputs, suffix);
  if (targetName.length === 0) {
    yield invalid(`batch output must specify 'target_name'${suffix}`, 'name the output that is cut');
  }
  for (const target of targetName) {
    if (!config.output.some(({ name }) => name === target)) {
      const outputs = listed(config.output.map(({ name }) => name));
      yield invalid(`unknown target output name '${target}'${suffix}`, `the outputs are: ${outputs}`);
    } else if (cut.has(target)) {
      yield invalid(
        `target output name '${target}' can only be specified once${suffix}`,
        'name it in one batch_output',
      );
    } else {
      yield* checkFreeDims(target, sourceInput[0], config);
    }
    cut.add(target);
  }
}

/** Each -1 of a scattered output takes the size at its own position in the source: it must have one there. */
function* checkFreeDims(target: string, source: string | undefined, config: ModelConfig): Generator<Problem> {
  const output = config.output.find(({ name }) => name === target);
  const input = config.input.find(({ name }) => name === source);
  if (output === undefined || input === undefined) return;
  const { length } = input.reshape?.shape ?? input.dims;
  if (output.dims.lastIndexOf(-1n) < length) return;
  yield invalid(
    `batch output '${target}' has more dimensions than its source input '${source}' can give a size for ${config.name}`,
    `each -1 in the dims of '${target}' takes the size at the same position of '${source}', as the model sees it, which has ${length}`,
  );
}

function listed(names: Iterable<string>): string {
  return [...names].join(', ');
}
