import type { AnyMessage } from '../../support/client.js';
import { batching, infer, input, int64, nonBatching, strings, type Row } from './row.js';

function classified(parameter: AnyMessage, more: AnyMessage = {}): AnyMessage[] {
  return [{ name: 'OUTPUT0', parameters: { classification: parameter, ...more } }];
}

const notInt64 = "invalid value type for 'classification' parameter, expected int64_param";
const notPositive = "invalid value for 'classification' parameter, expected >= 0";

const classificationValues: readonly (readonly [what: string, value: AnyMessage, text: string])[] = [
  ['uint64_param', { uint64_param: 1 }, notInt64],
  ['string_param', { string_param: '1' }, notInt64],
  ['bool_param', { bool_param: true }, notInt64],
  ['double_param', { double_param: 1 }, notInt64],
  ['no kind at all', {}, notInt64],
  ['0', { int64_param: 0 }, notPositive],
  ['-1', { int64_param: -1 }, notPositive],
  ['the least int64', { int64_param: '-9223372036854775808' }, notPositive],
];

const region = { shared_memory_region: { string_param: 'r' } };

const parameterRows: readonly Row[] = [
  ...classificationValues.map(([what, value, text]): Row => ({
    section: '4.5',
    what: `classification with ${what}`,
    request: batching({ outputs: classified(value) }),
    code: 'INVALID_ARGUMENT',
    text,
  })),
  {
    section: '4.5',
    what: 'classification into shared memory',
    request: nonBatching({
      outputs: classified({ int64_param: 1 }, { ...region, shared_memory_byte_size: { int64_param: 64 } }),
    }),
    code: 'INVALID_ARGUMENT',
    text: "output can't set both 'shared_memory_region' and 'classification'",
  },
  {
    section: '4.5',
    what: 'classification beside a region without a size: shared memory comes first',
    request: nonBatching({ outputs: classified({ int64_param: 1 }, region) }),
    code: 'INVALID_ARGUMENT',
    text: "'shared_memory_byte_size' must be specified along with 'shared_memory_region' parameter for tensor 'OUTPUT0'",
  },
  {
    section: '4.5',
    what: 'classification beside a region that is no string',
    request: nonBatching({ outputs: classified({ int64_param: 1 }, { shared_memory_region: {} }) }),
    code: 'INVALID_ARGUMENT',
    text: "invalid value type for 'shared_memory_region' parameter for tensor 'OUTPUT0', expected string_param.",
  },
  {
    section: '4.1',
    what: 'a bad classification of an unknown output: its parameters come first',
    request: nonBatching({ outputs: [{ name: 'NOPE', parameters: { classification: {} } }] }),
    code: 'INVALID_ARGUMENT',
    text: notInt64,
  },
];

const one = classified({ int64_param: 1 });

/** Answers that cannot be made into classes: found when the model has run. */
const classRows: readonly Row[] = (
  [
    ['BOOL', 'identity_bool', Buffer.from([1, 0])],
    ['FP16', 'identity_fp16', Buffer.alloc(4)],
    ['BYTES', 'identity_bytes', strings('a', 'b')],
  ] as const
).map(([datatype, model, raw]) => ({
  section: '5.5',
  what: `classes of ${datatype}`,
  request: infer(model, [input(datatype, [1, 2])], [raw], { outputs: one }),
  code: 'INVALID_ARGUMENT',
  text: `class result not available for output due to unsupported type '${datatype}'`,
  executed: true,
}));

function index(value: number): AnyMessage {
  return infer('fails_at_run', [{ name: 'INDEX', datatype: 'INT64', shape: [1] }], [int64(value)]);
}

const runRows: readonly Row[] = [
  {
    section: '5.5',
    what: 'classes of more than a million elements',
    request: infer('big_out', [{ name: 'N', datatype: 'INT64', shape: [1] }], [int64(1_000_001)], {
      outputs: one,
    }),
    code: 'INVALID_ARGUMENT',
    text: 'classification output tensor too large',
    executed: true,
  },
  {
    section: 'M4.6',
    what: 'a run that fails',
    request: index(9),
    code: 'INTERNAL',
    text: /^onnx runtime error \d+: .*indices element out of data bounds/s,
    executed: true,
  },
  {
    section: 'M4.6',
    what: 'a run that fails, for a request that asks for classes',
    request: {
      ...index(-5),
      outputs: [{ name: 'VALUE', parameters: { classification: { int64_param: 1 } } }],
    },
    code: 'INTERNAL',
    text: /^onnx runtime error \d+: /,
    executed: true,
  },
  { section: 'M4.6', what: 'the same model with an index that it has', request: index(3), code: 'OK' },
  {
    section: 'limits',
    what: 'an output with bytes that are not UTF-8 names what loses them',
    request: infer('strings_const', [input('BYTES', [1])], [strings('a')]),
    code: 'INTERNAL',
    text: "element 1 of BYTES output 'OUTPUT0' is not valid UTF-8; onnxruntime-node loses such bytes, so the output is withheld",
    executed: true,
  },
  {
    section: 'limits',
    what: 'the other output of that model',
    request: infer('strings_const', [input('BYTES', [1])], [strings('a')], {
      outputs: [{ name: 'OUTPUT1' }],
    }),
    code: 'OK',
  },
];

export const outputRows: readonly Row[] = [
  ...parameterRows,
  ...classRows,
  ...runRows,
  {
    section: '5.5',
    what: 'more classes than there are',
    request: batching({ outputs: classified({ int64_param: '9223372036854775807' }) }),
    code: 'OK',
  },
];
