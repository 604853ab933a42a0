import { gzipSync } from 'node:zlib';
import {
  access,
  deep,
  expectRefusals,
  headed,
  parse,
  request,
  text,
  type Refused,
} from '../../support/http-refusals.js';

const headers: readonly Refused[] = [
  {
    what: 'a length of the JSON that is no number',
    asked: headed('abc'),
    status: 400,
    error: 'Unable to parse Inference-Header-Content-Length, got: abc',
  },
  {
    what: 'a length of the JSON beyond 32 bits',
    asked: headed('2147483648'),
    status: 400,
    error:
      'Unable to parse Inference-Header-Content-Length, value is out of range [ -2147483648, 2147483647 ], got: 2147483648',
  },
  {
    what: 'a negative length of the JSON',
    asked: headed('-1'),
    status: 400,
    error: 'inference header size should be in range (0, 2), got: -1',
  },
  {
    what: 'a length of the JSON beyond the body',
    asked: headed('3'),
    status: 400,
    error: 'inference header size should be in range (0, 2), got: 3',
  },
  {
    what: 'a length of the JSON beyond a body in chunks',
    asked: { ...headed('30'), body: [Buffer.from('{'), Buffer.from('}')] },
    status: 400,
    error: 'inference header size should be in range (0, 2), got: 30',
  },
  {
    what: 'a body that is coded otherwise',
    asked: { headers: { 'content-encoding': 'br' }, body: '{}' },
    status: 501,
    error: 'Unsupported compression type',
  },
  {
    what: 'a body that inflates beyond the limit',
    asked: { headers: { 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(100_000)) },
    status: 400,
    error:
      'Decompressed data size exceeds the maximum allowed value of 4096 bytes. Use --http-max-input-size to increase the limit.',
  },
  {
    what: 'a body that does not inflate',
    asked: { headers: { 'content-encoding': 'gzip' }, body: 'plain' },
    status: 400,
    error: 'unable to decompress the request body as gzip: incorrect header check',
  },
  {
    what: 'a body that ends before it was inflated',
    asked: { headers: { 'content-encoding': 'gzip' }, body: gzipSync('{}').subarray(0, 12) },
    status: 400,
    error: 'unable to decompress the request body as gzip: unexpected end of file',
  },
  {
    what: 'JSON beyond the limit',
    asked: text(' '.repeat(4097)),
    status: 400,
    error:
      'request JSON size of 4097 bytes exceeds the maximum allowed input size of 4096 bytes. Use --http-max-input-size to increase the limit.',
  },
  {
    what: 'JSON beyond the limit, in chunks',
    asked: { body: [Buffer.alloc(4097, ' '), Buffer.from('{}')] },
    status: 400,
    error:
      'request JSON size of 4097 bytes exceeds the maximum allowed input size of 4096 bytes. Use --http-max-input-size to increase the limit.',
  },
  {
    what: 'JSON before binary data beyond the limit',
    asked: headed('4097', ' '.repeat(5000)),
    status: 400,
    error:
      'request JSON size of 4097 bytes exceeds the maximum allowed input size of 4096 bytes. Use --http-max-input-size to increase the limit.',
  },
  {
    what: 'a raw input beyond the limit',
    asked: { headers: { 'inference-header-content-length': '0' }, body: Buffer.alloc(4100) },
    status: 400,
    error:
      'Raw input has a byte_size (4100 bytes) that exceeds the maximum allowed value of 4096 bytes. Use --http-max-input-size to increase the limit.',
  },
];

const documents: readonly Refused[] = [
  { what: 'an empty body', asked: text(''), status: 500, error: `${parse} The document is empty. at 0` },
  {
    what: 'an open object',
    asked: text('{'),
    status: 500,
    error: `${parse} Missing a name for object member. at 1`,
  },
  {
    what: 'two documents',
    asked: text('{} {}'),
    status: 500,
    error: `${parse} The document root must not be followed by other values. at 3`,
  },
  {
    what: 'a member without a colon',
    asked: text('{"a" 1}'),
    status: 500,
    error: `${parse} Missing a colon after a name of object member. at 5`,
  },
  {
    what: 'a member without a comma',
    asked: text('{"a":1 "b":2}'),
    status: 500,
    error: `${parse} Missing a comma or } after an object member. at 7`,
  },
  {
    what: 'a string that does not end',
    asked: text('{"a'),
    status: 500,
    error: `${parse} Missing a closing quotation mark in string. at 3`,
  },
  {
    what: 'a control character in a string',
    asked: text('{"a\n":1}'),
    status: 500,
    error: `${parse} Invalid encoding in string. at 3`,
  },
  {
    what: 'half of a pair of surrogates',
    asked: text('{"\\ud800":1}'),
    status: 500,
    error: `${parse} The surrogate pair in string is invalid. at 2`,
  },
  {
    what: 'an escape that is none',
    asked: text('{"\\x":1}'),
    status: 500,
    error: `${parse} Invalid escape character in string. at 2`,
  },
  {
    what: 'data that is broken behind what is wrong before it',
    asked: text('{"id":1,"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1],"data":["x",}]}'),
    status: 500,
    error: `${parse} Invalid value. at 77`,
  },
  {
    what: 'nesting without an end',
    asked: text(`{"x":${deep(101)}}`),
    status: 400,
    error: 'JSON nesting depth exceeds maximum allowed limit (100)',
  },
  {
    what: 'a document without inputs',
    asked: text('{}'),
    status: 500,
    error: "Unable to parse 'inputs': attempt to access non-existing object member 'inputs'",
  },
  {
    what: 'a document that is no object',
    asked: text('[1]'),
    status: 500,
    error: "Unable to parse 'inputs': attempt to access non-existing object member 'inputs'",
  },
  {
    what: 'inputs that are no array',
    asked: text('{"inputs":{}}'),
    status: 500,
    error: `Unable to parse 'inputs': ${access} non-array as array`,
  },
  {
    what: 'an id that is no string',
    asked: request({ id: 7 }),
    status: 500,
    error: `Unable to parse 'id': ${access} non-string as string`,
  },
];

const parameters: readonly Refused[] = [
  {
    what: 'parameters that are no object',
    asked: request({ parameters: [] }),
    status: 500,
    error: 'failed to get request params.: attempt to get members for non-object',
  },
  ...(
    [
      ['sequence_id', 1.5, 'string', 'string'],
      ['sequence_start', 1, 'boolean', 'boolean'],
      ['sequence_end', 'true', 'boolean', 'boolean'],
      ['priority', -1, 'unsigned-integer', 'unsigned-integer'],
      ['timeout', '1', 'unsigned-integer', 'unsigned-integer'],
      ['binary_data_output', 1, 'boolean', 'boolean'],
    ] as const
  ).map(([name, value, kind]) => ({
    what: `the parameter ${name} of the wrong type`,
    asked: request({ parameters: { [name]: value } }),
    status: 500,
    error: `Unable to parse '${name}': ${access} non-${kind} as ${kind}`,
  })),
  {
    what: 'a parameter that is reserved',
    asked: request({ parameters: { triton_x: 1 } }),
    status: 400,
    error:
      "parameter keys starting with 'triton_' are reserved for Triton usage and should not be specified.",
  },
  {
    what: 'a parameter that is no scalar',
    asked: request({ parameters: { mine: [1] } }),
    status: 400,
    error: "parameter 'mine' has invalid type. It should be either 'int', 'bool', or 'string'.",
  },
  {
    what: 'a sequence id that is too long',
    asked: request({ parameters: { sequence_id: 'x'.repeat(129) } }),
    status: 501,
    error: 'string correlation ID cannot be longer than 128 characters',
  },
];

expectRefusals([...headers, ...documents, ...parameters]);
