import {
  BatchInput_Kind as Kind,
  DataType,
  type BatchInput,
  type BatchOutput,
  type ModelConfig,
} from '../generated/model_config_pb.js';

export type BatchInputKind = keyof typeof Kind;

/** An input of the model that no caller sends: the server makes it from the shapes of a batch's requests. */
export interface BatchInputSpec {
  readonly kind: BatchInputKind;
  readonly datatype: 'INT32' | 'FP32';
  /** The model's inputs that are given the value. */
  readonly targets: readonly string[];
  /** Counts the config's inputs. */
  readonly source: number;
}

/** An output that is cut into responses by the shapes of an input, not by rows. */
export interface BatchOutputSpec {
  /** Counts the config's outputs. */
  readonly output: number;
  /** Counts the config's inputs. */
  readonly source: number;
}

/** A kind by its name in config.pbtxt; undefined for a number that is none. */
export function batchInputKind(kind: Kind): BatchInputKind | undefined {
  return kindNames.get(kind);
}

const kindNames: ReadonlyMap<Kind, BatchInputKind> = new Map(
  Object.entries(Kind).map(([name, kind]) => [kind, name as BatchInputKind]),
);

/** The batch inputs of a checked config; undefined when there are none, as for most models. */
export function toBatchInputs(config: ModelConfig): readonly BatchInputSpec[] | undefined {
  if (config.batchInput.length === 0) return undefined;
  return config.batchInput.map((input) => {
    const kind = batchInputKind(input.kind);
    if (kind === undefined) throw new Error(`A batch input has the kind ${input.kind}. This is a bug.`);
    const datatype = input.dataType === DataType.TYPE_FP32 ? 'FP32' : 'INT32';
    return { kind, datatype, targets: input.targetName, source: sourceOf(input, config) };
  });
}

/** The batch outputs of a checked config, one entry for each target; undefined when there are none. */
export function toBatchOutputs(config: ModelConfig): readonly BatchOutputSpec[] | undefined {
  if (config.batchOutput.length === 0) return undefined;
  return config.batchOutput.flatMap((output) =>
    output.targetName.map((target) => ({
      output: config.output.findIndex(({ name }) => name === target),
      source: sourceOf(output, config),
    })),
  );
}

function sourceOf({ sourceInput }: BatchInput | BatchOutput, { input }: ModelConfig): number {
  return input.findIndex(({ name }) => name === sourceInput[0]);
}
