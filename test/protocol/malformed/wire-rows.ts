import { inferenceMethod, type AnyMessage } from '../../support/client.js';
import { batching, type StatusName } from './row.js';

export const goodBytes: Buffer = inferenceMethod('ModelInfer').requestSerialize(batching({ id: 'x' }));

/** A field of bytes: tag, length, content. */
export function field(number: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content as string);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.byteLength), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const repeated = (count: number, bytes: Buffer): Buffer => Buffer.concat(Array<Buffer>(count).fill(bytes));
const parameter = (...parts: readonly Buffer[]): Buffer => field(4, Buffer.concat([field(1, 'a'), ...parts]));
const input = (...parts: readonly Buffer[]): Buffer =>
  field(5, Buffer.concat([field(1, 'INPUT0'), ...parts]));
const behindGood = (bytes: Buffer): Buffer => Buffer.concat([goodBytes, bytes]);

/** Bytes of a ModelInferRequest, good or not by the rules of protobuf. */
export interface WireRow {
  readonly what: string;
  readonly bytes: Buffer;
  readonly code: StatusName;
  /** `Unable to parse request` for INTERNAL when left out. */
  readonly text?: string;
}

const unparseable: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['a varint of eleven bytes', behindGood(hex(`f807${'ff'.repeat(10)}01`))],
  ['a varint that never ends', behindGood(hex(`f807${'ff'.repeat(1000)}`))],
  ['a varint cut short', behindGood(hex('f807ff'))],
  ['a tag cut short', behindGood(hex('f8'))],
  ['a tag of more than 32 bits', behindGood(hex('ffffffffff01'))],
  ['field number 0', behindGood(hex('0000'))],
  ['wire type 6', behindGood(hex('0e'))],
  ['wire type 7', behindGood(hex('0f'))],
  ['the end of a group that never began', behindGood(hex('0c'))],
  ['a group that never ends', behindGood(hex('fb07'))],
  ['a group that ends as another', behindGood(hex('fb07f407'))],
  ['groups nested 100,000 deep', behindGood(repeated(100_000, hex('fb07')))],
  [
    'groups nested deep that all end',
    behindGood(Buffer.concat([repeated(5000, hex('0b')), repeated(5000, hex('0c'))])),
  ],
  ['a string longer than the message', hex('0a0541')],
  ['a string of 4 GiB', hex('0affffffff0f41')],
  ['a string of 2^63 bytes', hex('0affffffffffffffff7f41')],
  ['a raw content longer than the message', behindGood(hex('3a7f00'))],
  ['a fixed64 cut short', behindGood(hex('f90700000000'))],
  ['a fixed32 cut short', behindGood(hex('fd070000'))],
  ['an input longer than the message', hex('2a7f0a00')],
  ['a name longer than its input', Buffer.concat([field(1, 'fixed_fp32'), field(5, hex('0a7f41'))])],
  ['dimensions cut short', Buffer.concat([field(1, 'fixed_fp32'), input(hex('1a02ffff'))])],
  ['a model name that is not UTF-8', field(1, hex('fffe'))],
  ['a model name with an overlong form', field(1, hex('c080'))],
  ['a model name with half a surrogate pair', field(1, hex('eda080'))],
  ['an id that is not UTF-8', behindGood(field(3, hex('80')))],
  ['an input name that is not UTF-8', behindGood(field(5, field(1, hex('ff'))))],
  ['an output name that is not UTF-8', behindGood(field(6, field(1, hex('ff'))))],
  ['a parameter name that is not UTF-8', behindGood(field(4, field(1, hex('ff'))))],
  ['a parameter value that is not UTF-8', behindGood(parameter(field(2, field(3, hex('ff')))))],
  ['a double of three bytes in a parameter', behindGood(parameter(field(2, hex('21000000'))))],
  [
    'typed contents cut short',
    Buffer.concat([field(1, 'fixed_fp32'), input(field(2, 'FP32'), field(5, hex('327f00')))]),
  ],
  [
    'floats of three bytes',
    Buffer.concat([field(1, 'fixed_fp32'), input(field(2, 'FP32'), field(5, field(6, hex('000000'))))]),
  ],
  [
    'typed integers cut short',
    Buffer.concat([field(1, 'identity_int32'), input(field(2, 'INT32'), field(5, field(2, hex('ff'))))]),
  ],
];

const unknownFields = Buffer.concat([
  hex('f80701'),
  hex('f9070000000000000000'),
  field(127, 'abc'),
  hex('fd0700000000'),
  hex('fb07f80701fc07'),
]);
const nothing = "Request for unknown model: '' is not found";

export const wireRows: readonly WireRow[] = [
  ...unparseable.map(([what, bytes]): WireRow => ({ what, bytes, code: 'INTERNAL' })),
  { what: 'no bytes', bytes: Buffer.alloc(0), code: 'NOT_FOUND', text: nothing },
  {
    what: 'fields of known numbers and other wire types are unknown fields',
    bytes: hex('080509000000000000000015000000001801'),
    code: 'NOT_FOUND',
    text: nothing,
  },
  { what: 'unknown fields of every wire type', bytes: behindGood(unknownFields), code: 'OK' },
  { what: 'varints longer than they must be', bytes: behindGood(hex('f887800081808000')), code: 'OK' },
  {
    what: 'a field that comes again replaces the earlier one',
    bytes: Buffer.concat([field(1, 'nope'), goodBytes]),
    code: 'OK',
  },
  {
    what: 'unknown fields inside parameters',
    bytes: behindGood(parameter(field(2, Buffer.concat([unknownFields, hex('0801')])))),
    code: 'OK',
  },
  {
    what: 'a parameter whose value comes in 300,000 pieces',
    bytes: behindGood(parameter(repeated(300_000, field(2, hex('0801'))))),
    code: 'OK',
  },
  {
    what: 'contents that come in 300,000 pieces',
    bytes: Buffer.concat([
      field(1, 'identity_bool'),
      input(field(2, 'BOOL'), hex('1a020102'), repeated(300_000, field(5, hex('0801')))),
    ]),
    code: 'INVALID_ARGUMENT',
    text: "[request id: <id_unknown>] input byte size mismatch for input 'INPUT0' for model 'identity_bool'. Expected 2, got 300000",
  },
  {
    what: '1,024 dimensions of which none fits',
    bytes: inferBytes({
      model_name: 'fixed_fp32',
      inputs: [{ name: 'INPUT0', datatype: 'INT32', shape: Array(1024).fill(1) }],
      raw_input_contents: [Buffer.alloc(4)],
    }),
    code: 'INVALID_ARGUMENT',
    text: "[request id: <id_unknown>] inference input 'INPUT0' data-type is 'INT32', but model 'fixed_fp32' expects 'FP32'",
  },
  { what: '16,000 raw contents', bytes: behindGood(repeated(16_000, field(7, ''))), code: 'OK' },
  {
    what: '16,000 outputs of one name',
    bytes: behindGood(repeated(16_000, field(6, field(1, 'OUTPUT0')))),
    code: 'INVALID_ARGUMENT',
    text: "[request id: x] output 'OUTPUT0' already exists in request",
  },
  {
    what: '60,000 parameters of one name',
    bytes: behindGood(repeated(60_000, parameter(field(2, hex('0801'))))),
    code: 'OK',
  },
];

function inferBytes(request: AnyMessage): Buffer {
  return inferenceMethod('ModelInfer').requestSerialize(request);
}

/** Twenty MB of one short piece over and over. */
const flood = (piece: string): Buffer => Buffer.alloc(20_000_000, hex(piece));

const typed = (model: string, datatype: string, list: Buffer): Buffer =>
  Buffer.concat([field(1, model), input(field(2, datatype), hex('1a020101'), field(5, list))]);

/** Messages of 20 MB whose smallest parts take two bytes each; made when asked for. */
export const floodRows: readonly (Omit<WireRow, 'bytes' | 'text'> & {
  readonly text: string;
  readonly bytes: () => Buffer;
})[] = [
  {
    what: 'raw contents of nothing',
    bytes: () => behindGood(flood('3a00')),
    code: 'INVALID_ARGUMENT',
    text: 'too many raw_input_contents: at most 16384 are accepted',
  },
  {
    what: 'inputs of nothing',
    bytes: () => behindGood(flood('2a00')),
    code: 'INVALID_ARGUMENT',
    text: 'too many inputs: at most 16384 are accepted',
  },
  {
    what: 'outputs of nothing',
    bytes: () => behindGood(flood('3200')),
    code: 'INVALID_ARGUMENT',
    text: 'too many outputs: at most 16384 are accepted',
  },
  {
    what: 'parameters of nothing',
    bytes: () => behindGood(flood('2200')),
    code: 'INVALID_ARGUMENT',
    text: 'too many parameters in one request: at most 65536 are accepted',
  },
  {
    what: 'dimensions',
    bytes: () => behindGood(input(flood('1801'))),
    code: 'INVALID_ARGUMENT',
    text: 'too many dimensions in one shape: at most 1024 are accepted',
  },
  {
    what: 'empty strings in typed contents',
    bytes: () => typed('identity_bytes', 'BYTES', flood('4200')),
    code: 'INVALID_ARGUMENT',
    text: "[request id: <id_unknown>] unexpected number of string elements 2 for inference input 'INPUT0' for model 'identity_bytes', expecting 1",
  },
  {
    what: 'unpacked integers in typed contents',
    bytes: () => typed('identity_int32', 'INT32', flood('1001')),
    code: 'INVALID_ARGUMENT',
    text: "[request id: <id_unknown>] input byte size mismatch for input 'INPUT0' for model 'identity_int32'. Expected 4, got 40000000",
  },
  {
    what: 'half a raw content',
    bytes: () => behindGood(Buffer.concat([flood('7a00'), hex('3a')])),
    code: 'INTERNAL',
    text: 'Unable to parse request',
  },
];
