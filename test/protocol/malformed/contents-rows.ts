import type { AnyMessage } from '../../support/client.js';
import { input, unnamed, type Row } from './row.js';

/** A request whose only input comes as typed contents. */
function typed(model: string, datatype: string, contents: AnyMessage, shape: number[] = [1, 4]): AnyMessage {
  return { model_name: model, inputs: [input(datatype, shape, { contents })] };
}

/** Each list, the name of its widest type, and datatypes that it cannot carry. */
const mismatches: readonly (readonly [
  list: string,
  type: string,
  values: AnyMessage,
  datatypes: readonly string[],
])[] = [
  ['bool_contents', 'BOOL', [true], ['FP32', 'INT8', 'BYTES']],
  ['int_contents', 'INT32', [1], ['FP32', 'UINT32', 'INT64']],
  ['int64_contents', 'INT64', [1], ['INT32', 'UINT64']],
  ['uint_contents', 'UINT32', [1], ['INT32', 'UINT64', 'BOOL']],
  ['uint64_contents', 'UINT64', [1], ['UINT32', 'INT64']],
  ['fp32_contents', 'FP32', [1], ['FP64', 'FP16', 'BF16']],
  ['fp64_contents', 'FP64', [1], ['FP32', 'FP16']],
  ['bytes_contents', 'BYTES', [Buffer.from('a')], ['FP32', 'UINT8']],
];

const mismatchRows: readonly Row[] = mismatches.flatMap(([list, type, values, datatypes]) =>
  datatypes.map((datatype): Row => ({
    section: '4.4',
    what: `${list} for ${datatype}`,
    request: typed('fixed_fp32', datatype, { [list]: values }),
    code: 'INVALID_ARGUMENT',
    text: `unexpected explicit tensor data for input tensor 'INPUT0' for model 'fixed_fp32' of type '${type}', expected datatype '${datatype}'`,
  })),
);

const supplied =
  "unexpected explicit tensor data for input tensor 'INPUT0' for model 'nobatch_fp32', binary data was already supplied.";

/** Contents that are read and then do not fit. Lists are looked at in the order of their field numbers. */
export const contentsRows: readonly Row[] = [
  ...mismatchRows,
  {
    section: '4.4',
    what: 'a second list behind the right one',
    request: typed('nobatch_fp32', 'FP32', { fp32_contents: [1], fp64_contents: [1] }, [2, 2]),
    code: 'INVALID_ARGUMENT',
    text: supplied,
  },
  {
    section: '4.4',
    what: 'strings behind integers',
    request: typed(
      'nobatch_fp32',
      'INT32',
      { int_contents: [1], bytes_contents: [Buffer.from('a')] },
      [2, 2],
    ),
    code: 'INVALID_ARGUMENT',
    text: supplied,
  },
  {
    section: '4.4',
    what: 'a wrong list before the right one',
    request: typed('nobatch_fp32', 'FP32', { int_contents: [1], fp32_contents: [1, 2, 3, 4] }, [2, 2]),
    code: 'INVALID_ARGUMENT',
    text: "unexpected explicit tensor data for input tensor 'INPUT0' for model 'nobatch_fp32' of type 'INT32', expected datatype 'FP32'",
  },
  {
    section: '5.3',
    what: 'empty contents',
    request: typed('fixed_fp32', 'FP32', {}),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}input byte size mismatch for input 'INPUT0' for model 'fixed_fp32'. Expected 16, got 0`,
  },
  {
    section: '5.3',
    what: 'an element too few',
    request: typed('fixed_fp32', 'FP32', { fp32_contents: [1, 2, 3] }),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}input byte size mismatch for input 'INPUT0' for model 'fixed_fp32'. Expected 16, got 12`,
  },
  {
    section: '5.3',
    what: 'an element too many',
    request: typed('identity_int8', 'INT8', { int_contents: [1, 2, 3] }, [1, 2]),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}input byte size mismatch for input 'INPUT0' for model 'identity_int8'. Expected 2, got 3`,
  },
  {
    section: '5.3',
    what: 'a string too few',
    request: typed('identity_bytes', 'BYTES', { bytes_contents: [Buffer.from('a')] }, [1, 2]),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}expected 2 string elements for inference input 'INPUT0' for model 'identity_bytes', got 1`,
  },
  {
    section: '5.3',
    what: 'a string too many',
    request: typed(
      'identity_bytes',
      'BYTES',
      { bytes_contents: [Buffer.from('a'), Buffer.from('')] },
      [1, 1],
    ),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}unexpected number of string elements 2 for inference input 'INPUT0' for model 'identity_bytes', expecting 1`,
  },
  {
    section: '5.3',
    what: 'empty contents for a tensor without elements',
    request: typed('identity_fp32', 'FP32', {}, [1, 0]),
    code: 'OK',
  },
  {
    section: '5.3',
    what: 'integers that do not fit the datatype are narrowed',
    request: typed('identity_int8', 'INT8', { int_contents: [300, -129] }, [1, 2]),
    code: 'OK',
  },
  {
    section: '5.3',
    what: 'unsigned integers that do not fit are narrowed',
    request: typed('identity_uint16', 'UINT16', { uint_contents: [65536, 4294967295] }, [1, 2]),
    code: 'OK',
  },
  {
    section: '4.6',
    what: 'contents that fit a datatype that is not the model’s',
    request: typed('fixed_fp32', 'INT32', { int_contents: [1, 2, 3, 4] }),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}inference input 'INPUT0' data-type is 'INT32', but model 'fixed_fp32' expects 'FP32'`,
  },
];
