import type { AnyMessage } from '../../support/client.js';
import { batching, nonBatching, type Row } from './row.js';

/** One value of each kind that a parameter can have. */
const kinds: Readonly<Record<string, AnyMessage>> = {
  bool_param: { bool_param: true },
  int64_param: { int64_param: 1 },
  string_param: { string_param: 'x' },
  double_param: { double_param: 1.5 },
  uint64_param: { uint64_param: 1 },
  'no kind at all': {},
};

type Kind = keyof typeof kinds;

const all = Object.keys(kinds);
const allBut = (...accepted: readonly Kind[]): Kind[] => all.filter((kind) => !accepted.includes(kind));

const custom = 'int64_param, bool_param, or string_param';
const finalResponse = 'triton_enable_empty_final_response';

/** Each parameter with every kind that it does not take. */
const wrongKinds: readonly (readonly [name: string, kinds: readonly Kind[], expected: string])[] = [
  ['sequence_id', allBut('int64_param', 'string_param'), 'int64_param or string_param'],
  ['sequence_start', allBut('bool_param'), 'bool_param'],
  ['sequence_end', allBut('bool_param'), 'bool_param'],
  ['priority', allBut('int64_param', 'uint64_param'), 'int64_param or uint64_param'],
  ['timeout', allBut('int64_param'), 'int64_param'],
  [finalResponse, allBut('bool_param'), 'bool_param'],
  ['colour', ['uint64_param', 'no kind at all'], custom],
  ['', ['uint64_param', 'no kind at all'], custom],
  ['__proto__x', ['uint64_param'], custom],
  ['constructor', ['no kind at all'], custom],
];

const wrongKindRows: readonly Row[] = wrongKinds.flatMap(([name, given, expected]) =>
  given.map((kind) => ({
    section: '4.3',
    what: `parameter '${name}' with ${kind}`,
    request: batching({ parameters: { [name]: kinds[kind] } }),
    code: 'INVALID_ARGUMENT' as const,
    text: `invalid value type for '${name}' parameter, expected ${expected}.`,
  })),
);

const reserved =
  "parameter keys starting with 'triton_' are reserved for Triton usage. Only the following keys starting with 'triton_' are allowed: " +
  finalResponse;

const reservedRows: readonly Row[] = [
  ...all.map((kind) => ['triton_mine', kind] as const),
  ['triton_', 'bool_param'] as const,
  ['triton_enable_empty_final_responses', 'bool_param'] as const,
].map(([name, kind]) => ({
  section: '4.3',
  what: `reserved parameter '${name}' with ${kind}`,
  request: nonBatching({ parameters: { [name]: kinds[kind] } }),
  code: 'INVALID_ARGUMENT',
  text: reserved,
}));

const valueRows: readonly Row[] = [
  {
    section: '4.3',
    what: 'a negative priority',
    request: batching({ parameters: { priority: { int64_param: -1 } } }),
    code: 'INVALID_ARGUMENT',
    text: "invalid value for 'priority', expected value >= 0.",
  },
  {
    section: '4.3',
    what: 'the least priority of all',
    request: nonBatching({ parameters: { priority: { int64_param: '-9223372036854775808' } } }),
    code: 'INVALID_ARGUMENT',
    text: "invalid value for 'priority', expected value >= 0.",
  },
  {
    section: '4.3',
    what: 'a correlation id of 129 characters',
    request: batching({ parameters: { sequence_id: { string_param: 'a'.repeat(129) } } }),
    code: 'UNIMPLEMENTED',
    text: 'string correlation ID cannot be longer than 128 characters',
  },
  {
    section: '4.3',
    what: 'a correlation id of 43 characters of three bytes each',
    request: batching({ parameters: { sequence_id: { string_param: '漢'.repeat(43) } } }),
    code: 'UNIMPLEMENTED',
    text: 'string correlation ID cannot be longer than 128 characters',
  },
  {
    section: '4.1',
    what: 'a bad parameter and a bad input: parameters come first',
    request: batching({ parameters: { timeout: {} }, inputs: [] }),
    code: 'INVALID_ARGUMENT',
    text: "invalid value type for 'timeout' parameter, expected int64_param.",
  },
  {
    section: '4.1',
    what: 'a bad parameter for an unknown model: the model comes first',
    request: batching({ model_name: 'nope', parameters: { timeout: {} } }),
    code: 'NOT_FOUND',
    text: "Request for unknown model: 'nope' is not found",
  },
];

/** Parameters that are taken, odd as they are. */
const accepted: readonly (readonly [what: string, parameters: AnyMessage])[] = [
  ['a correlation id as number', { sequence_id: { int64_param: 7 } }],
  ['a negative correlation id', { sequence_id: { int64_param: -7 } }],
  ['a correlation id of 128 characters', { sequence_id: { string_param: 'a'.repeat(128) } }],
  ['an empty correlation id', { sequence_id: { string_param: '' } }],
  [
    'sequence flags on a model without sequences',
    { sequence_start: kinds['bool_param'], sequence_end: kinds['bool_param'] },
  ],
  ['a priority as int64', { priority: { int64_param: 1 } }],
  ['a priority as uint64', { priority: { uint64_param: '18446744073709551615' } }],
  ['a timeout', { timeout: { int64_param: 1_000_000 } }],
  ['a negative timeout', { timeout: { int64_param: -1 } }],
  ['the switch of empty final responses', { [finalResponse]: kinds['bool_param'] }],
  [
    'custom parameters of four kinds',
    { a: { int64_param: 1 }, b: { bool_param: false }, c: { string_param: '' }, d: { double_param: 0 } },
  ],
  [
    'names that mean something over HTTP only',
    { binary_data_output: kinds['bool_param'], headers: { string_param: 'x' } },
  ],
  ['a name that begins like a reserved one', { triton: kinds['bool_param'] }],
];

export const parameterRows: readonly Row[] = [
  ...wrongKindRows,
  ...reservedRows,
  ...valueRows,
  ...accepted.map(([what, parameters]): Row => ({
    section: '4.3',
    what,
    request: batching({ parameters }),
    code: 'OK',
  })),
];
