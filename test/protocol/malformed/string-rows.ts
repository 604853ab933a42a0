import type { AnyMessage } from '../../support/client.js';
import { infer, input, strings, unnamed, type Row } from './row.js';

/** Strings for a model with batches (identity_bytes) and one without (strings_const, one string). */
const models = [
  { model: 'identity_bytes', shape: (count: number) => [1, count] },
  { model: 'strings_const', shape: (count: number) => [count] },
] as const;

function length(bytes: number): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(bytes);
  return prefix;
}

const cut = Buffer.concat([length(10), Buffer.from('abc')]);

/** Elements expected, bytes given, and the text with `{x}` where input and model are named. */
const faults: readonly (readonly [what: string, count: number, raw: Buffer, text: string])[] = [
  [
    'two bytes of a length',
    1,
    Buffer.from([1, 0]),
    `${unnamed}incomplete string length indicator for {x}, expecting 4 bytes but only 2 bytes available. Please make sure the string length indicator is in one buffer.`,
  ],
  [
    'three bytes behind the last string',
    1,
    Buffer.concat([strings('a'), Buffer.alloc(3)]),
    `${unnamed}incomplete string length indicator for {x}, expecting 4 bytes but only 3 bytes available. Please make sure the string length indicator is in one buffer.`,
  ],
  [
    'two strings for one',
    1,
    strings('a', 'b'),
    `${unnamed}unexpected number of string elements 2 for {x}, expecting 1`,
  ],
  [
    'many strings for one',
    1,
    strings('a', 'b', 'c', 'd'),
    `${unnamed}unexpected number of string elements 2 for {x}, expecting 1`,
  ],
  ['no string for one', 1, Buffer.alloc(0), `${unnamed}expected 1 string elements for {x}, got 0`],
];

const faultRows: readonly Row[] = models.flatMap(({ model, shape }) =>
  faults.map(([what, count, raw, text]): Row => ({
    section: '4.6',
    what: `${what}, ${model}`,
    request: infer(model, [input('BYTES', shape(count))], [raw]),
    code: 'INVALID_ARGUMENT',
    text: text.replace('{x}', `inference input 'INPUT0' for model '${model}'`),
  })),
);

function identity(shape: readonly number[], raw: Buffer): AnyMessage {
  return infer('identity_bytes', [input('BYTES', shape)], [raw]);
}

const cutText = (announced: number, left: number): string =>
  `incomplete string data for inference input 'INPUT0', expecting string of length ${announced} but only ${left} bytes available`;

/** The binding of ONNX Runtime would change these strings: they are refused instead, with its name. */
const lost = (element: number, why: string): string =>
  `element ${element} of BYTES input 'INPUT0' ${why}; onnxruntime-node would change it on its way to the model, so it is refused`;

export const stringRows: readonly Row[] = [
  ...faultRows,
  {
    section: '4.6',
    what: 'two strings of three',
    request: identity([1, 3], strings('a', 'b')),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}expected 3 string elements for inference input 'INPUT0' for model 'identity_bytes', got 2`,
  },
  {
    section: '4.6',
    what: 'a string where there shall be none',
    request: identity([1, 0], strings('')),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}unexpected number of string elements 1 for inference input 'INPUT0' for model 'identity_bytes', expecting 0`,
  },
  {
    section: '4.6',
    what: 'strings of one row for two',
    request: identity([2, 2], strings('a', 'b')),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}expected 4 string elements for inference input 'INPUT0' for model 'identity_bytes', got 2`,
  },
  {
    section: '4.6',
    what: 'a cut string, and one too few',
    request: identity([1, 2], cut),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}expected 2 string elements for inference input 'INPUT0' for model 'identity_bytes', got 1`,
  },
  {
    section: 'M2.9',
    what: 'a cut string',
    request: identity([1, 1], cut),
    code: 'INVALID_ARGUMENT',
    text: cutText(10, 3),
  },
  {
    section: 'M2.9',
    what: 'a string of 4 GiB in 4 bytes',
    request: identity([1, 1], length(0xffffffff)),
    code: 'INVALID_ARGUMENT',
    text: cutText(4294967295, 0),
  },
  {
    section: 'M2.9',
    what: 'the second of two strings cut',
    request: identity([1, 2], Buffer.concat([strings('a'), cut])),
    code: 'INVALID_ARGUMENT',
    text: cutText(10, 3),
  },
  {
    section: 'limits',
    what: 'a string with a NUL',
    request: identity([1, 1], strings('a\0b')),
    code: 'INVALID_ARGUMENT',
    text: lost(0, 'contains a NUL byte'),
    executed: true,
  },
  {
    section: 'limits',
    what: 'a string that is not UTF-8',
    request: identity([1, 2], strings('a', Buffer.from([0xff, 0xfe]))),
    code: 'INVALID_ARGUMENT',
    text: lost(1, 'is not valid UTF-8'),
    executed: true,
  },
  {
    section: 'limits',
    what: 'a string with half a surrogate pair',
    request: identity([1, 1], strings(Buffer.from([0xed, 0xa0, 0x80]))),
    code: 'INVALID_ARGUMENT',
    text: lost(0, 'is not valid UTF-8'),
    executed: true,
  },
  {
    section: '5.2',
    what: 'a string with a byte order mark',
    request: identity([1, 1], strings('\ufeffa')),
    code: 'OK',
  },
  { section: '5.2', what: 'empty strings', request: identity([1, 2], strings('', '')), code: 'OK' },
  {
    section: '5.4',
    what: 'no strings, as asked for',
    request: identity([1, 0], Buffer.alloc(0)),
    code: 'OK',
  },
];
