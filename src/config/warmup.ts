import type { ModelConfig, ModelWarmup_Input } from '../generated/model_config_pb.js';
import type { Datatype } from '../tensors/datatype.js';
import type { Shape } from '../tensors/shape.js';
import { staysInside } from './inside.js';
import { at, invalid, type Problem } from './problem.js';
import { wireDatatype } from './tensor-spec.js';

/** What an input of a warm-up sample is made of; a file lies in the model's folder `warmup`. */
export type WarmupData =
  | { readonly kind: 'zero' }
  | { readonly kind: 'random' }
  | { readonly kind: 'file'; readonly file: string };

export interface WarmupInput {
  readonly name: string;
  readonly datatype: Datatype;
  /** Of one request, without a batch dimension. */
  readonly dims: Shape;
  readonly data: WarmupData;
}

/** A sample that every instance runs before it serves. */
export interface WarmupSample {
  readonly name: string;
  /** Requests that are run together; each has one row. */
  readonly requestCount: number;
  readonly runCount: number;
  readonly inputs: readonly WarmupInput[];
}

/** The samples of a checked config. Those of no requests are left out. */
export function toWarmup(config: ModelConfig): WarmupSample[] {
  return config.modelWarmup
    .filter(({ batchSize }) => batchSize > 0)
    .map(({ name, batchSize, count, inputs }) => ({
      name,
      requestCount: batchSize,
      runCount: Math.max(1, count),
      inputs: Object.entries(inputs).map(([name, input]) => toInput(name, input)),
    }));
}

function toInput(name: string, { dataType, dims, inputDataType }: ModelWarmup_Input): WarmupInput {
  const datatype = wireDatatype(dataType);
  const data = toData(inputDataType);
  if (datatype === '<invalid>' || data === undefined) {
    throw new Error(`The warm-up input '${name}' was not checked. This is a bug.`);
  }
  return { name, datatype, dims: dims.map(Number), data };
}

function toData(choice: ModelWarmup_Input['inputDataType']): WarmupData | undefined {
  switch (choice.case) {
    case 'zeroData':
      return { kind: 'zero' };
    case 'randomData':
      return { kind: 'random' };
    case 'inputDataFile':
      return { kind: 'file', file: choice.value };
    case undefined:
      return undefined;
  }
}

/** Triton's rules for samples, and that none reads what is not the model's. */
export function* checkWarmup(config: ModelConfig): Generator<Problem> {
  for (const [index, { name: sample, batchSize, inputs }] of config.modelWarmup.entries()) {
    // Triton skips these unread.
    if (batchSize === 0) continue;
    for (const [name, input] of Object.entries(inputs)) {
      const where = `model_warmup { name: "${sample}" } of model '${config.name}'`;
      for (const problem of checkInput(name, input, where)) {
        yield at(`model_warmup[${index}].inputs["${name}"]`, problem);
      }
    }
  }
}

function* checkInput(
  name: string,
  { dataType, dims, inputDataType }: ModelWarmup_Input,
  where: string,
): Generator<Problem> {
  if (dims.some((dim) => dim < 0n)) {
    yield invalid(
      `warmup setting expects all variable-size dimensions are specified for input '${name}'`,
      `write dimensions of 0 or more, without that of the batch, in ${where}`,
    );
  }
  if (wireDatatype(dataType) === '<invalid>') {
    yield invalid(
      `warmup setting expects input '${name}' to have data_type set`,
      `write the input's data_type in ${where}`,
    );
  }
  if (inputDataType.case === undefined) {
    yield invalid(
      `[request id: <id_unknown>] warmup setting expects input '${name}' to have input_data_type set`,
      `write zero_data: true, random_data: true or input_data_file in ${where}`,
    );
  }
  if (inputDataType.case !== 'inputDataFile' || staysInside(inputDataType.value)) return;
  yield invalid(
    `input_data_file '${inputDataType.value}' of warmup input '${name}' is outside of the model's folder 'warmup'`,
    `put the file into that folder, and write its name in ${where}`,
  );
}
