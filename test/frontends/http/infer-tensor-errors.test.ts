import { withBlobs, type HttpAsk } from '../../support/http.js';
import {
  access,
  expectRefusals,
  headed,
  input,
  parse,
  plain,
  request,
  text,
  type Refused,
} from '../../support/http-refusals.js';

const blobbed = (size: unknown, ...blobs: Uint8Array[]): HttpAsk =>
  withBlobs({ inputs: [{ ...plain, parameters: { binary_data_size: size } }] }, ...blobs);

const binary: readonly Refused[] = [
  {
    what: 'a size of a blob that is no number',
    asked: blobbed('8'),
    status: 500,
    error: `Unable to parse 'binary_data_size': ${access} non-unsigned-integer as unsigned-integer`,
  },
  {
    what: 'a blob that is too short',
    asked: blobbed(8, Buffer.alloc(5)),
    status: 400,
    error: "unexpected size for input 'INPUT0', expecting 3 additional bytes for model 'identity_fp32'",
  },
  {
    what: 'bytes behind the last blob',
    asked: blobbed(8, Buffer.alloc(9)),
    status: 400,
    error: "unexpected additional input data for model 'identity_fp32'",
  },
  {
    what: 'a blob without the length of the JSON',
    asked: input({ parameters: { binary_data_size: 8 } }),
    status: 400,
    error:
      "must specify valid 'Infer-Header-Content-Length' in request header and 'binary_data_size' when passing inputs in binary data format",
  },
  {
    what: 'JSON that ends before it should',
    asked: { ...headed('5'), body: '{"a":1}' },
    status: 500,
    error: `${parse} Invalid value. at 5`,
  },
];

const regionError = "Unable to find shared memory region: 'r'";
const shared = { shared_memory_region: 'r', shared_memory_byte_size: 8, shared_memory_offset: 0 };

const regions: readonly Refused[] = [
  { what: 'an input in a region', asked: input({ parameters: shared }), status: 404, error: regionError },
  {
    what: 'an output in a region',
    asked: request({ outputs: [{ name: 'OUTPUT0', parameters: shared }] }),
    status: 404,
    error: regionError,
  },
  {
    what: 'a region without size',
    asked: input({ parameters: { shared_memory_region: 'r' } }),
    status: 404,
    error: regionError,
  },
  {
    what: 'a region that is no string',
    asked: input({ parameters: { shared_memory_region: 1 } }),
    status: 500,
    error: `Unable to parse 'shared_memory_region': ${access} non-string as string`,
  },
  ...['shared_memory_offset', 'shared_memory_byte_size'].map((name) => ({
    what: `a negative ${name}`,
    asked: input({ parameters: { ...shared, [name]: -1 } }),
    status: 500,
    error: `Unable to parse '${name}': ${access} non-unsigned-integer as unsigned-integer`,
  })),
];

const output = (more: object): HttpAsk => request({ outputs: [{ name: 'OUTPUT0', ...more }] });

const outputs: readonly Refused[] = [
  {
    what: 'outputs that are no array',
    asked: request({ outputs: 1 }),
    status: 500,
    error: `Unable to parse 'outputs': ${access} non-array as array`,
  },
  {
    what: 'an output without a name',
    asked: request({ outputs: [{}] }),
    status: 500,
    error: "Unable to parse 'name': attempt to access non-existing object member 'name'",
  },
  {
    what: 'an output twice',
    asked: request({ outputs: [{ name: 'OUTPUT0' }, { name: 'OUTPUT0' }] }),
    status: 400,
    error: "[request id: <id_unknown>] output 'OUTPUT0' already exists in request",
  },
  {
    what: 'an unknown output',
    asked: request({ outputs: [{ name: 'X' }] }),
    status: 400,
    error: "unexpected inference output 'X' for model 'identity_fp32'",
  },
  {
    what: 'binary_data that is no bool',
    asked: output({ parameters: { binary_data: 1 } }),
    status: 500,
    error: `Unable to parse 'binary_data': ${access} non-boolean as boolean`,
  },
  {
    what: 'a classification that is no number',
    asked: output({ parameters: { classification: '2' } }),
    status: 500,
    error: `Unable to set 'classification': ${access} non-unsigned-integer as unsigned-integer`,
  },
  {
    what: 'classes in a region',
    asked: output({ parameters: { ...shared, classification: 1 } }),
    status: 400,
    error: "Output can't set both 'shared_memory_region' and 'classification'",
  },
  {
    what: 'binary data in a region',
    asked: output({ parameters: { ...shared, binary_data: true } }),
    status: 400,
    error: "Output can't set both 'shared_memory_region' and 'binary_data'",
  },
  {
    what: 'FP16 that should be answered as JSON',
    model: 'identity_fp16',
    asked: withBlobs(
      { inputs: [{ name: 'INPUT0', datatype: 'FP16', shape: [1, 1], parameters: { binary_data_size: 2 } }] },
      Buffer.alloc(2),
    ),
    status: 400,
    error: 'sending FP16 data via JSON is not supported. Please use the binary data format for output',
  },
];

const raw = (body: Uint8Array): HttpAsk => ({ headers: { 'inference-header-content-length': '0' }, body });

const raws: readonly Refused[] = [
  {
    what: 'raw data for two inputs',
    model: 'add_sub',
    asked: raw(Buffer.alloc(16)),
    status: 400,
    error:
      "[request id: <id_unknown>] Raw request must only have 1 input (found 1) to be deduced but got 2 inputs in 'add_sub' model configuration",
  },
  {
    what: 'raw data for many strings',
    model: 'identity_bytes',
    asked: raw(Buffer.alloc(16)),
    status: 400,
    error:
      "[request id: <id_unknown>] For BYTE datatype raw input 'INPUT0', the model must have input shape [1]",
  },
  {
    what: 'raw data that is no whole number of elements',
    asked: raw(Buffer.alloc(7)),
    status: 400,
    error:
      "[request id: <id_unknown>] input byte size mismatch for input 'INPUT0' for model 'identity_fp32'. Expected 4, got 7",
  },
  {
    what: 'a model that is unknown',
    model: 'nobody',
    asked: text('{'),
    status: 404,
    error: "Request for unknown model: 'nobody' is not found",
  },
];

expectRefusals([...binary, ...regions, ...outputs, ...raws]);
