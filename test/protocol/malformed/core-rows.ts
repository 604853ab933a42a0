import type { AnyMessage } from '../../support/client.js';
import { batching, fp32, infer, input, named, nonBatching, unnamed, type Row } from './row.js';

const four = fp32(1, 2, 3, 4);
/** Inputs and the start of the text about their number. */
const counts: readonly (readonly [what: string, model: string, names: readonly string[], text: string])[] = [
  [
    'no inputs',
    'fixed_fp32',
    [],
    "expected 1 inputs but got 0 inputs for model 'fixed_fp32'. Got input(s) [], but missing required input(s) ['INPUT0'].",
  ],
  [
    'no inputs of two',
    'add_sub',
    [],
    "expected 2 inputs but got 0 inputs for model 'add_sub'. Got input(s) [], but missing required input(s) ['INPUT0','INPUT1'].",
  ],
  [
    'one input of two',
    'add_sub',
    ['INPUT1'],
    "expected 2 inputs but got 1 inputs for model 'add_sub'. Got input(s) ['INPUT1'], but missing required input(s) ['INPUT0'].",
  ],
  [
    'one wrong input of two',
    'add_sub',
    ['X'],
    "expected 2 inputs but got 1 inputs for model 'add_sub'. Got input(s) ['X'], but missing required input(s) ['INPUT0','INPUT1'].",
  ],
  [
    'two inputs of one',
    'nobatch_fp32',
    ['INPUT0', 'X'],
    "expected 1 inputs but got 2 inputs for model 'nobatch_fp32'. Got input(s) ['INPUT0','X'], but missing required input(s) ].",
  ],
  [
    'three inputs of two, one missing',
    'add_sub',
    ['INPUT0', 'X', 'Y'],
    "expected 2 inputs but got 3 inputs for model 'add_sub'. Got input(s) ['INPUT0','X','Y'], but missing required input(s) ['INPUT1'].",
  ],
];

const countRows: readonly Row[] = counts.map(([what, model, names, text]) => ({
  section: '4.6',
  what,
  request: infer(
    model,
    names.map((name) => named(name)),
    names.map(() => four),
  ),
  code: 'INVALID_ARGUMENT',
  text: `${unnamed}${text} Please provide all required input(s).`,
}));

const nameRows: readonly Row[] = [
  {
    section: '4.6',
    what: 'an unknown output',
    request: batching({ outputs: [{ name: 'NOPE' }] }),
    code: 'INVALID_ARGUMENT',
    text: "unexpected inference output 'NOPE' for model 'fixed_fp32'",
  },
  {
    section: '4.6',
    what: 'an output without a name',
    request: nonBatching({ outputs: [{ name: 'OUTPUT0' }, {}] }),
    code: 'INVALID_ARGUMENT',
    text: "unexpected inference output '' for model 'nobatch_fp32'",
  },
  {
    section: '4.6',
    what: 'an unknown output and no inputs: outputs come first',
    request: batching({ inputs: [], outputs: [{ name: 'NOPE' }] }),
    code: 'INVALID_ARGUMENT',
    text: "unexpected inference output 'NOPE' for model 'fixed_fp32'",
  },
  {
    section: '4.6',
    what: 'an unknown input',
    request: batching({ inputs: [named('input0')] }),
    code: 'INVALID_ARGUMENT',
    text: "unexpected inference input 'input0' for model 'fixed_fp32'",
  },
  {
    section: '4.6',
    what: 'an unknown input of a model without batches',
    request: nonBatching({ inputs: [named('')] }),
    code: 'INVALID_ARGUMENT',
    text: "unexpected inference input '' for model 'nobatch_fp32'",
  },
];

function pair(shape0: readonly number[], shape1: readonly number[]): AnyMessage {
  return infer('add_sub', [named('INPUT0', shape0), named('INPUT1', shape1)], [four, four]);
}

const batchRows: readonly Row[] = [
  {
    section: '4.6',
    what: 'no shape',
    request: batching({ inputs: [named('INPUT0', [])] }),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}input 'INPUT0' has no shape but model requires batch dimension for 'fixed_fp32'`,
  },
  {
    section: '4.6',
    what: 'no shape of the second input',
    request: pair([1, 4], []),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}input 'INPUT1' has no shape but model requires batch dimension for 'add_sub'`,
  },
  {
    section: '4.6',
    what: 'batches that differ',
    request: pair([1, 4], [2, 4]),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}input 'INPUT1' batch size does not match other inputs for 'add_sub'`,
  },
  {
    section: '4.6',
    what: 'a batch over the limit',
    request: batching({
      inputs: [named('INPUT0', [9, 4])],
      raw_input_contents: [Buffer.alloc(144)],
      id: 'b',
    }),
    code: 'INVALID_ARGUMENT',
    text: "[request id: b] inference request batch-size must be <= 8 for 'fixed_fp32'",
  },
  {
    section: '4.6',
    what: 'a batch far over the limit',
    request: batching({ inputs: [named('INPUT0', [2147483647, 4])] }),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}inference request batch-size must be <= 8 for 'fixed_fp32'`,
  },
  {
    section: '4.6',
    what: 'a batch of nothing',
    request: batching({ inputs: [named('INPUT0', [0, 4])], raw_input_contents: [Buffer.alloc(0)] }),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}input byte size mismatch for input 'INPUT0' for model 'fixed_fp32'. Expected 16, got 0`,
  },
  {
    section: '4.6',
    what: 'a batch of nothing with the data of a row',
    request: batching({ inputs: [named('INPUT0', [0, 4])] }),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}input byte size mismatch for input 'INPUT0' for model 'fixed_fp32'. Expected 0, got 16`,
  },
  {
    section: '4.6',
    what: 'a batch of nothing with a string',
    request: infer('identity_bytes', [input('BYTES', [0, 1])], [Buffer.alloc(4)]),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}unexpected number of string elements 1 for inference input 'INPUT0' for model 'identity_bytes', expecting 0`,
  },
  {
    section: '4.6',
    what: 'a batch of nothing whose rows are empty',
    request: infer('identity_fp32', [input('FP32', [0, 0])], [Buffer.alloc(0)]),
    code: 'OK',
  },
];

function mistyped(
  datatype: string,
  shown: string,
  request: (more: AnyMessage) => AnyMessage,
  model: string,
): Row {
  return {
    section: '4.6',
    what: `datatype '${datatype}' for ${model}`,
    request: request({ inputs: [input(datatype, model === 'fixed_fp32' ? [1, 4] : [2, 2])] }),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}inference input 'INPUT0' data-type is '${shown}', but model '${model}' expects 'FP32'`,
  };
}

const datatypeRows: readonly Row[] = [
  ...['INT32', 'FP64', 'BYTES', 'BF16', 'BOOL'].map((name) => mistyped(name, name, batching, 'fixed_fp32')),
  ...['STRING', 'TYPE_FP32', 'fp32', '', 'constructor'].map((name) =>
    mistyped(name, '<invalid>', nonBatching, 'nobatch_fp32'),
  ),
];

export const coreRows: readonly Row[] = [...countRows, ...nameRows, ...batchRows, ...datatypeRows];
