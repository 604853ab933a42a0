import type { AnyMessage } from '../../support/client.js';
import { batching, fp32, infer, input, int64, nonBatching, unnamed, type Row } from './row.js';

const four = fp32(1, 2, 3, 4);

/** A request for fixed_fp32 whose only input carries these parameters. */
function withInput(more: AnyMessage): AnyMessage {
  return batching({ inputs: [input('FP32', [1, 4], more)] });
}

/** A request for add_sub whose inputs are named so. */
function addSub(...names: readonly string[]): AnyMessage {
  const inputs = names.map((name) => ({ name, datatype: 'FP32', shape: [1, 4] }));
  return infer(
    'add_sub',
    inputs,
    names.map(() => four),
  );
}

function withOutputs(...outputs: readonly AnyMessage[]): AnyMessage {
  return nonBatching({ outputs });
}

const duplicates: readonly Row[] = [
  {
    section: '4.4',
    what: 'the same input twice',
    request: addSub('INPUT0', 'INPUT0'),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}input 'INPUT0' already exists in request`,
  },
  {
    section: '4.4',
    what: 'the same unknown input twice, with an id',
    request: { ...addSub('X', 'X'), id: 'seven' },
    code: 'INVALID_ARGUMENT',
    text: "[request id: seven] input 'X' already exists in request",
  },
  {
    section: '4.4',
    what: 'the same output twice',
    request: withOutputs({ name: 'OUTPUT0' }, { name: 'OUTPUT0' }),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}output 'OUTPUT0' already exists in request`,
  },
  {
    section: '4.1',
    what: 'duplicates on both sides: inputs come first',
    request: { ...addSub('INPUT0', 'INPUT0'), outputs: [{ name: 'OUTPUT0' }, { name: 'OUTPUT0' }] },
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}input 'INPUT0' already exists in request`,
  },
];

type Fault = readonly [what: string, parameters: AnyMessage, code: Row['code'], text: string];

/** Shared-memory parameters of a tensor; the texts go on with ` for tensor '…'` where they end in `for`. */
const sharedMemory: readonly Fault[] = [
  [
    'a region that is no string',
    { shared_memory_region: { int64_param: 1 } },
    'INVALID_ARGUMENT',
    "invalid value type for 'shared_memory_region' parameter for tensor '{t}', expected string_param.",
  ],
  [
    'a region without a kind',
    { shared_memory_region: {} },
    'INVALID_ARGUMENT',
    "invalid value type for 'shared_memory_region' parameter for tensor '{t}', expected string_param.",
  ],
  [
    'an offset without a region',
    { shared_memory_offset: { int64_param: 0 } },
    'INVALID_ARGUMENT',
    "'shared_memory_offset' can not be specified without 'shared_memory_region' parameter for tensor '{t}'",
  ],
  [
    'a size without a region',
    { shared_memory_byte_size: { int64_param: 16 } },
    'INVALID_ARGUMENT',
    "'shared_memory_byte_size' can not be specified without 'shared_memory_region' parameter for tensor '{t}'",
  ],
  [
    'an offset that is no int64',
    { shared_memory_region: { string_param: 'r' }, shared_memory_offset: { uint64_param: 0 } },
    'INVALID_ARGUMENT',
    "invalid value type for 'shared_memory_offset' parameter for tensor '{t}', expected int64_param.",
  ],
  [
    'a size that is no int64',
    { shared_memory_region: { string_param: 'r' }, shared_memory_byte_size: { string_param: '16' } },
    'INVALID_ARGUMENT',
    "invalid value type for 'shared_memory_byte_size' parameter for tensor '{t}', expected int64_param.",
  ],
  [
    'a region without a size',
    { shared_memory_region: { string_param: 'r' } },
    'INVALID_ARGUMENT',
    "'shared_memory_byte_size' must be specified along with 'shared_memory_region' parameter for tensor '{t}'",
  ],
  [
    'a region with an offset and without a size',
    { shared_memory_region: { string_param: 'r' }, shared_memory_offset: { int64_param: 0 } },
    'INVALID_ARGUMENT',
    "'shared_memory_byte_size' must be specified along with 'shared_memory_region' parameter for tensor '{t}'",
  ],
  [
    'a region, while shared memory is off',
    { shared_memory_region: { string_param: 'mine' }, shared_memory_byte_size: { int64_param: 16 } },
    'NOT_FOUND',
    "Unable to find shared memory region: 'mine'",
  ],
  [
    'a region with a negative offset, while shared memory is off',
    {
      shared_memory_region: { string_param: '' },
      shared_memory_byte_size: { int64_param: 16 },
      shared_memory_offset: { int64_param: -1 },
    },
    'NOT_FOUND',
    "Unable to find shared memory region: ''",
  ],
];

const sharedMemoryRows: readonly Row[] = sharedMemory.flatMap(([what, parameters, code, text]): Row[] => [
  {
    section: code === 'NOT_FOUND' ? '12.1' : '4.4',
    what: `input with ${what}`,
    request: withInput({ parameters }),
    code,
    text: text.replace('{t}', 'INPUT0'),
  },
  {
    section: code === 'NOT_FOUND' ? '12.1' : '4.5',
    what: `output with ${what}`,
    request: withOutputs({ name: 'OUTPUT0', parameters }),
    code,
    text: text.replace('{t}', 'OUTPUT0'),
  },
]);

const whole = { shared_memory_region: { string_param: 'r' }, shared_memory_byte_size: { int64_param: 16 } };

const locating: readonly Row[] = [
  {
    section: '4.4',
    what: 'a region and contents',
    request: withInput({ parameters: whole, contents: { fp32_contents: [1, 2, 3, 4] } }),
    code: 'INVALID_ARGUMENT',
    text: "unexpected 'content' provided when using shared memory for input tensor 'INPUT0' for model 'fixed_fp32'",
  },
  {
    section: '4.4',
    what: 'contents beside raw contents',
    request: withInput({ contents: { fp32_contents: [1, 2, 3, 4] } }),
    code: 'INVALID_ARGUMENT',
    text: "contents field must not be specified when using raw_input_contents for 'INPUT0' for model 'fixed_fp32'",
  },
  {
    section: '4.4',
    what: 'empty contents beside raw contents',
    request: withInput({ contents: {} }),
    code: 'INVALID_ARGUMENT',
    text: "contents field must not be specified when using raw_input_contents for 'INPUT0' for model 'fixed_fp32'",
  },
  {
    section: '4.4',
    what: 'no data at all',
    request: batching({ raw_input_contents: [] }),
    code: 'INVALID_ARGUMENT',
    text: "unable to find data for input tensor 'INPUT0' for model 'fixed_fp32' in request.",
  },
  {
    section: '4.4',
    what: 'raw contents for one input of two',
    request: { ...addSub('INPUT0', 'INPUT1'), raw_input_contents: [four] },
    code: 'INVALID_ARGUMENT',
    text: "unable to find data for input tensor 'INPUT1' for model 'add_sub' in request.",
  },
  {
    section: '4.1',
    what: 'no data and an unknown output: data come first',
    request: nonBatching({ raw_input_contents: [], outputs: [{ name: 'NOPE' }] }),
    code: 'INVALID_ARGUMENT',
    text: "unable to find data for input tensor 'INPUT0' for model 'nobatch_fp32' in request.",
  },
  {
    section: '4.2',
    what: 'more raw contents than inputs',
    request: batching({ raw_input_contents: [four, four, int64(1)] }),
    code: 'OK',
  },
  {
    section: '4.3',
    what: 'parameters of tensors that mean nothing',
    request: nonBatching({
      inputs: [input('FP32', [2, 2], { parameters: { binary_data_size: {}, classification: {} } })],
      outputs: [{ name: 'OUTPUT0', parameters: { binary_data: {} } }],
    }),
    code: 'OK',
  },
];

export const dataRows: readonly Row[] = [...duplicates, ...sharedMemoryRows, ...locating];
