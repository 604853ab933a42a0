import { batching, nonBatching, type Row, type StatusName } from './row.js';

/** Model names and versions that lead nowhere, for each RPC that looks a model up. */
const lookups: readonly (readonly [
  section: string,
  what: string,
  model: { readonly name: string; readonly version?: string },
  code: StatusName,
  text: string,
])[] = [
  [
    '2.2',
    'an unknown model',
    { name: 'nope' },
    'NOT_FOUND',
    "Request for unknown model: 'nope' is not found",
  ],
  ['4.2', 'an empty name', { name: '' }, 'NOT_FOUND', "Request for unknown model: '' is not found"],
  [
    '2.2',
    'a name in other case',
    { name: 'FIXED_FP32' },
    'NOT_FOUND',
    "Request for unknown model: 'FIXED_FP32' is not found",
  ],
  [
    '2.2',
    'a name with a path',
    { name: '../fixed_fp32' },
    'NOT_FOUND',
    "Request for unknown model: '../fixed_fp32' is not found",
  ],
  [
    '2.2',
    'a name of a property of objects',
    { name: '__proto__' },
    'NOT_FOUND',
    "Request for unknown model: '__proto__' is not found",
  ],
  [
    '2.2',
    'a name with percent, quote and line break',
    { name: "100%25'\n" },
    'NOT_FOUND',
    "Request for unknown model: '100%25'\n' is not found",
  ],
  [
    '2.2',
    'a name outside ASCII',
    { name: 'Модель 漢 🙂' },
    'NOT_FOUND',
    "Request for unknown model: 'Модель 漢 🙂' is not found",
  ],
  [
    '2.2',
    'an unknown model with a version',
    { name: 'nope', version: '1' },
    'NOT_FOUND',
    "Request for unknown model: 'nope' is not found",
  ],
  [
    '2.2',
    'an unknown version',
    { name: 'fixed_fp32', version: '2' },
    'NOT_FOUND',
    "Request for unknown model: 'fixed_fp32' version 2 is not found",
  ],
  [
    '2.3',
    'version 0',
    { name: 'fixed_fp32', version: '0' },
    'NOT_FOUND',
    "Request for unknown model: 'fixed_fp32' version 0 is not found",
  ],
  [
    '2.3',
    'a version with letters behind',
    { name: 'fixed_fp32', version: '3abc' },
    'NOT_FOUND',
    "Request for unknown model: 'fixed_fp32' version 3 is not found",
  ],
  [
    '2.3',
    'the largest version',
    { name: 'fixed_fp32', version: '9223372036854775807' },
    'NOT_FOUND',
    "Request for unknown model: 'fixed_fp32' version 9223372036854775807 is not found",
  ],
  [
    '2.3',
    'a version beyond int64',
    { name: 'fixed_fp32', version: '9223372036854775808' },
    'INVALID_ARGUMENT',
    stol('9223372036854775808'),
  ],
  [
    '2.3',
    'a version of 400 digits',
    { name: 'fixed_fp32', version: '9'.repeat(400) },
    'INVALID_ARGUMENT',
    stol('9'.repeat(400)),
  ],
  [
    '2.3',
    'a version below int64',
    { name: 'fixed_fp32', version: '-9223372036854775809' },
    'INVALID_ARGUMENT',
    stol('-9223372036854775809'),
  ],
  [
    '2.3',
    'a negative version',
    { name: 'fixed_fp32', version: '-1' },
    'INVALID_ARGUMENT',
    "invalid model version specified '-1' , version should be an integral value > 0",
  ],
  [
    '2.3',
    'a version that is a word',
    { name: 'fixed_fp32', version: 'latest' },
    'INVALID_ARGUMENT',
    stol('latest'),
  ],
  ['2.3', 'a version that is a blank', { name: 'fixed_fp32', version: ' ' }, 'INVALID_ARGUMENT', stol(' ')],
  [
    '2.3',
    'a version behind a no-break space',
    { name: 'fixed_fp32', version: '\u00a01' },
    'INVALID_ARGUMENT',
    stol('\u00a01'),
  ],
  [
    '2.3',
    'a version with two signs',
    { name: 'fixed_fp32', version: '+-1' },
    'INVALID_ARGUMENT',
    stol('+-1'),
  ],
  [
    '2.3',
    'a bad version of an unknown model: the version comes first',
    { name: 'nope', version: 'x' },
    'INVALID_ARGUMENT',
    stol('x'),
  ],
];

function stol(version: string): string {
  return `failed to get model version from specified version string '${version}' (details: stol), version should be an integral value > 0`;
}

/** Versions that are read as 1. */
const taken = ['1', '+1', ' 1', '\t1', '01', '1abc', '1.9', '1 2'];

function forEveryRpc(): Row[] {
  return lookups.flatMap(([section, what, model, code, text]): Row[] => {
    const common = { section, what, code, text };
    const named = { name: model.name, version: model.version ?? '' };
    const wanted = { model_name: named.name, model_version: named.version };
    return [
      { ...common, request: batching(wanted) },
      { ...common, method: 'ModelMetadata', request: named },
      { ...common, method: 'ModelConfig', request: named },
      // A model that is not there is not ready; only a version that cannot be read is an error.
      code === 'NOT_FOUND'
        ? { section: '3.4', what, method: 'ModelReady', request: named, code: 'OK' }
        : { ...common, section: '3.4', method: 'ModelReady', request: named },
    ];
  });
}

export const lookupRows: readonly Row[] = [
  ...forEveryRpc(),
  ...taken.map((version): Row => ({
    section: '2.3',
    what: `version '${version}' is 1`,
    request: nonBatching({ model_version: version }),
    code: 'OK',
  })),
  {
    section: '2.2',
    what: 'a version that lies there but is not served',
    request: batching({ model_name: 'versions_specific', model_version: '2' }),
    code: 'NOT_FOUND',
    text: "Request for unknown model: 'versions_specific' version 2 is not found",
  },
  {
    section: '3.8',
    what: 'an index of a named repository',
    method: 'RepositoryIndex',
    request: { repository_name: 'mine' },
    code: 'UNIMPLEMENTED',
    text: "'repository_name' specification is not supported",
  },
  {
    section: '3.8',
    what: 'an index of a named repository, ready versions only',
    method: 'RepositoryIndex',
    request: { repository_name: ' ', ready: true },
    code: 'UNIMPLEMENTED',
    text: "'repository_name' specification is not supported",
  },
];
