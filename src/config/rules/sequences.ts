import {
  DataType,
  ModelSequenceBatching_Control_Kind as Kind,
  type ModelConfig,
  type ModelSequenceBatching,
  type ModelSequenceBatching_Control as Control,
} from '../../generated/model_config_pb.js';
import { checkPreferred } from './batching.js';
import { at, invalid, type Problem } from '../problem.js';

/** Triton's rules for a sequence batcher and its control tensors. */
export function* checkSequences(config: ModelConfig): Generator<Problem> {
  if (config.schedulingChoice.case !== 'sequenceBatching') return;
  const batching = config.schedulingChoice.value;
  yield* checkControlTensors(batching, config.name);
  for (const one of kinds) yield* checkKind(batching, one, config.name);
  const { strategyChoice: strategy } = batching;
  if (strategy.case === 'oldest') {
    yield* checkPreferred(config, strategy.value.preferredBatchSize, {
      text: 'sequence batching preferred batch size',
      path: 'sequence_batching.oldest',
    });
  }
  if (strategy.case !== 'direct') return;
  const { minimumSlotUtilization: utilization } = strategy.value;
  if (utilization >= 0 && utilization <= 1) return;
  yield at(
    'sequence_batching.direct.minimum_slot_utilization',
    invalid(
      `sequence batching minimum slot utilization must be in range (0.0, 1.0] for ${config.name}`,
      `it is a share of the batch, like 0.5; here it is ${utilization}`,
    ),
  );
}

/** In the order in which Triton looks for them. */
const kinds: readonly (readonly [kind: Kind, name: string])[] = [
  [Kind.CONTROL_SEQUENCE_START, 'CONTROL_SEQUENCE_START'],
  [Kind.CONTROL_SEQUENCE_END, 'CONTROL_SEQUENCE_END'],
  [Kind.CONTROL_SEQUENCE_READY, 'CONTROL_SEQUENCE_READY'],
  [Kind.CONTROL_SEQUENCE_CORRID, 'CONTROL_SEQUENCE_CORRID'],
];

function* checkControlTensors({ controlInput }: ModelSequenceBatching, model: string): Generator<Problem> {
  const seen = new Set<string>();
  for (const [index, { name }] of controlInput.entries()) {
    const path = `sequence_batching.control_input[${index}].name`;
    if (name === '') {
      yield at(
        path,
        invalid(
          `sequence batching control tensor must have a name for ${model}`,
          'name the input of the model that takes the control value',
        ),
      );
    } else if (seen.has(name)) {
      yield at(
        path,
        invalid(
          `sequence batching control tensor '${name}' is specified for multiple control kinds for ${model}`,
          'give each control_input an input of its own',
        ),
      );
    }
    seen.add(name);
  }
}

function* checkKind(
  batching: ModelSequenceBatching,
  [kind, name]: (typeof kinds)[number],
  model: string,
): Generator<Problem> {
  const found = batching.controlInput.flatMap(({ control }, input) =>
    control.flatMap((one, index) =>
      one.kind === kind
        ? [{ control: one, path: `sequence_batching.control_input[${input}].control[${index}]` }]
        : [],
    ),
  );
  const [first, second] = found;
  if (first === undefined) return;
  const check = kind === Kind.CONTROL_SEQUENCE_CORRID ? checkCorrelationId : checkLists;
  for (const problem of check(first.control, name, model)) yield at(first.path, problem);
  if (second === undefined) return;
  yield at(
    second.path,
    invalid(`sequence batching specifies multiple ${name} tensors for ${model}`, 'keep one of them'),
  );
}

const anyList = `'int32_false_true', 'fp32_false_true' or 'bool_false_true'`;
const allLists = `'int32_false_true', 'fp32_false_true' and 'bool_false_true'`;

function givenLists({ int32FalseTrue, fp32FalseTrue, boolFalseTrue }: Control): [string, number][] {
  const lists: [string, number][] = [
    ['int32_false_true', int32FalseTrue.length],
    ['fp32_false_true', fp32FalseTrue.length],
    ['bool_false_true', boolFalseTrue.length],
  ];
  return lists.filter(([, length]) => length > 0);
}

function* checkLists(control: Control, kind: string, model: string): Generator<Problem> {
  const lists = givenLists(control);
  const example = 'as in int32_false_true: [ 0, 1 ]';
  if (lists.length === 0) {
    yield invalid(
      `sequence batching must specify either ${anyList} for ${kind} for ${model}`,
      `say what the tensor holds for no and for yes, ${example}`,
    );
  }
  if (lists.length > 1) {
    yield invalid(
      `sequence batching specifies more than one from ${allLists} for ${kind} for ${model}`,
      'keep the one of the type that the model takes',
    );
  }
  for (const [name, length] of lists) {
    if (length === 2) continue;
    yield invalid(
      `sequence batching control '${name}' must have exactly 2 entries for ${kind} for ${model}`,
      `it has ${length}: one value is for no and one for yes, ${example}`,
    );
  }
}

const correlationTypes: ReadonlySet<DataType> = new Set([
  DataType.TYPE_UINT64,
  DataType.TYPE_INT64,
  DataType.TYPE_UINT32,
  DataType.TYPE_INT32,
  DataType.TYPE_STRING,
]);

function* checkCorrelationId(control: Control, kind: string, model: string): Generator<Problem> {
  if (givenLists(control).length > 0) {
    yield invalid(
      `sequence batching must not specify either ${anyList} for ${kind} for ${model}`,
      'write data_type instead, as in data_type: TYPE_UINT64',
    );
  }
  if (correlationTypes.has(control.dataType)) return;
  yield invalid(
    `unexpected data type for control ${kind} for ${model}. ` +
      'Allowed data types are TYPE_UINT64, TYPE_INT64, TYPE_UINT32, TYPE_INT32 and TYPE_STRING',
    "write the type of the model's input, as in data_type: TYPE_UINT64",
  );
}
