import {
  access,
  deep,
  expectRefusals,
  good,
  input,
  request,
  source,
  text,
  typed,
  type Refused,
} from '../../support/http-refusals.js';

const inputs: readonly Refused[] = [
  { what: 'an input without data', asked: input({}), status: 400, error: `${source} no field is set` },
  {
    what: 'an input that is no object',
    asked: text('{"inputs":[7]}'),
    status: 400,
    error: `${source} no field is set`,
  },
  {
    what: 'an input with data everywhere',
    asked: input({ parameters: { shared_memory_region: 'r', binary_data_size: 8 } }, good),
    status: 400,
    error: `${source} set 'data' 'binary_data_size' 'shared_memory_region'`,
  },
  {
    what: 'an input without a name',
    asked: text('{"inputs":[{"data":[]}]}'),
    status: 500,
    error: "Unable to parse 'name': attempt to access non-existing object member 'name'",
  },
  {
    what: 'a datatype that is no string',
    asked: input({ datatype: 1 }, good),
    status: 500,
    error: `Unable to parse 'datatype': ${access} non-string as string`,
  },
  {
    what: 'an unknown datatype',
    asked: input({ datatype: 'FP33' }, good),
    status: 400,
    error: 'invalid datatype for input INPUT0',
  },
  {
    what: 'a shape that is no array',
    asked: input({ shape: 2 }, good),
    status: 500,
    error: `Unable to parse 'shape': ${access} non-array as array`,
  },
  ...[-1, 1.5, '2', null].map((dim) => ({
    what: `a dimension of ${JSON.stringify(dim)}`,
    asked: input({ shape: [1, dim] }, good),
    status: 500,
    error: `Unable to parse 'shape': ${access} non-unsigned-integer as unsigned-integer`,
  })),
  {
    what: 'a dimension beyond 64 bits',
    asked: typed('FP32', '[]', '[1,9223372036854775808]'),
    status: 400,
    error:
      "invalid shape for input 'INPUT0': shape [1,9223372036854775808] contains one or more invalid dimensions",
  },
  {
    what: 'a shape of too many elements',
    asked: typed('FP32', '[]', '[4294967296,4294967296]'),
    status: 400,
    error:
      "invalid shape for input 'INPUT0': shape [4294967296,4294967296] causes total element count to exceed maximum size of 9223372036854775807",
  },
  {
    what: 'an input twice',
    asked: request({ inputs: [good, good] }),
    status: 400,
    error: "[request id: <id_unknown>] input 'INPUT0' already exists in request",
  },
  ...['FP16', 'BF16'].map((datatype) => ({
    what: `${datatype} in JSON`,
    asked: input({ datatype }, good),
    status: 400,
    error: `receiving ${datatype} data via JSON is not supported. Please use the binary data format for input INPUT0`,
  })),
  {
    what: 'data that nests too deep',
    asked: typed('FP32', deep(101)),
    status: 400,
    error: "Unable to parse 'data': JSON nesting depth exceeds maximum allowed limit (100)",
  },
  {
    what: 'strings that nest too deep',
    asked: typed('BYTES', deep(101)),
    status: 400,
    error: 'JSON nesting depth exceeds maximum allowed limit (100)',
  },
  {
    what: 'more elements than the shape says',
    asked: typed('FP32', '[1,2,3]'),
    status: 500,
    error: "Unable to parse 'data': Shape does not match true shape of 'data' field",
  },
  {
    what: 'fewer elements',
    asked: typed('FP32', '[[1],[]]'),
    status: 500,
    error: "Failed to parse 'data' field: shape does not match true shape",
  },
  {
    what: 'fewer elements than there could be',
    asked: typed('INT8', '[1]', '[1,4000]'),
    status: 500,
    error: "Failed to parse 'data' field: shape does not match true shape",
  },
  {
    what: 'data that is no array',
    asked: typed('FP32', '7'),
    status: 500,
    error: `Unable to parse 'data': ${access} non-array as array`,
  },
  ...(
    [
      ['FP32', '["1",2]', 'non-number as double'],
      ['FP64', '[null,2]', 'non-number as double'],
      ['FP32', '[true,2]', 'non-number as double'],
      ['INT32', '[1.0,2]', 'non-signed-integer as signed-integer'],
      ['INT64', '[1e3,2]', 'non-signed-integer as signed-integer'],
      ['INT8', '[{"a":[1]},2]', 'non-signed-integer as signed-integer'],
      ['INT64', '[9223372036854775808,2]', 'non-signed-integer as signed-integer'],
      ['UINT8', '[-1,2]', 'non-unsigned-integer as unsigned-integer'],
      ['UINT64', '[18446744073709551616,2]', 'non-unsigned-integer as unsigned-integer'],
      ['BOOL', '[1,0]', 'non-boolean as boolean'],
    ] as const
  ).map(([datatype, data, kind]) => ({
    what: `${datatype} of ${data}`,
    asked: typed(datatype, data),
    status: 500,
    error: `Unable to parse 'data': ${access} ${kind}`,
  })),
  {
    what: 'BYTES of numbers',
    asked: typed('BYTES', '["a",1]'),
    status: 500,
    error: `Unable to parse JSON bytes array: ${access} non-string as string`,
  },
  {
    what: 'too few strings',
    model: 'identity_bytes',
    asked: typed('BYTES', '["a"]'),
    status: 400,
    error:
      "[request id: <id_unknown>] expected 2 string elements for inference input 'INPUT0' for model 'identity_bytes', got 1",
  },
  {
    what: 'a tensor in JSON beyond the limit',
    asked: typed('FP64', '[]', '[1,513]'),
    status: 400,
    error:
      "JSON input 'INPUT0' has a byte_size (4104 bytes) that exceeds the maximum allowed value of 4096 bytes. Use --http-max-input-size to increase the limit.",
  },
  {
    what: 'a shape that is not the data of the model',
    asked: typed('INT32', '[1,2]'),
    status: 400,
    error:
      "[request id: <id_unknown>] inference input 'INPUT0' data-type is 'INT32', but model 'identity_fp32' expects 'FP32'",
  },
];

expectRefusals([...inputs]);
