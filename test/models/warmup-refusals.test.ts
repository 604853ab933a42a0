import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchInput, input, override, sample, sevens, warmUp, zeros } from '../support/warmup.js';

// models.md 11.1: the texts of samples that fail.

const failed = (reason: string): string => `failed to run warmup sample 's': ${reason}; `;
const replaced = (at: number, by: string): string[] => zeros.map((one, index) => (index === at ? by : one));

const refusals: readonly {
  row: string;
  sample: string;
  message: string;
  code?: string;
  options?: Parameters<typeof warmUp>[1];
}[] = [
  {
    row: 'file short',
    sample: sample('batch_size: 2', replaced(0, input('F', 'FP32', 'dims: [ 2 ] input_data_file: "f"'))),
    options: { files: { f: Buffer.from('abc') } },
    message:
      '[request id: <id_unknown>] warmup setting expects 8 bytes, but the data provided from fonly has 3 bytes',
  },
  {
    row: 'file missing',
    code: 'internal',
    sample: sample('batch_size: 1', replaced(0, input('F', 'FP32', 'dims: [ 2 ] input_data_file: "f"'))),
    message:
      "failed to open text file for read <folder>/warmup/f: no such file or directory. To mend it: put the file there, or correct input_data_file of warmup input 'F'",
  },
  {
    row: 'a folder in place of a file',
    code: 'internal',
    sample: sample('batch_size: 1', replaced(0, input('F', 'FP32', 'dims: [ 2 ] input_data_file: "f"'))),
    options: { files: { 'f/g': Buffer.from('abc') } },
    message:
      "failed to open text file for read <folder>/warmup/f: not a regular file. To mend it: put the file there, or correct input_data_file of warmup input 'F'",
  },
  {
    row: 'execution error',
    sample: sample('batch_size: 1 count: 3'),
    options: { fail: (run) => run === 2 },
    message: failed('onnx runtime error 1: no'),
  },
  {
    row: 'batch_size N > max_batch_size',
    sample: sample('batch_size: 5'),
    message: failed("batch size 5 for 'm_0_1', max allowed is 4"),
  },
  {
    row: 'batch_size N without batching',
    sample: sample('batch_size: 2'),
    options: { batch: 0 },
    message: failed("batch size 2 for 'm_0_1', max allowed is 0"),
  },
  {
    row: 'a sample that no request could be: an input is missing',
    sample: sample('batch_size: 1', zeros.slice(1)),
    message: failed(
      "[request id: <id_unknown>] expected 3 inputs but got 2 inputs for model 'm'. Got input(s) ['B','S'], but missing required input(s) ['F']. Please provide all required input(s).",
    ),
  },
  {
    row: 'a sample that no request could be: another datatype',
    sample: sample('batch_size: 1', replaced(0, input('F', 'INT32', 'dims: [ 2 ] zero_data: true'))),
    message: failed(
      "[request id: <id_unknown>] inference input 'F' data-type is 'INT32', but model 'm' expects 'FP32'",
    ),
  },
  {
    row: 'a sample that no request could be: strings that are cut',
    sample: sample('batch_size: 1', replaced(2, input('S', 'STRING', 'dims: [ 1 ] input_data_file: "s"'))),
    options: { files: { s: Uint8Array.of(9, 0, 0, 0, 65) } },
    message: failed(
      "incomplete string data for inference input 'S', expecting string of length 9 but only 1 bytes available",
    ),
  },
  {
    row: 'an override of another datatype',
    sample: sample('batch_size: 1', [...zeros, override('FP32')]),
    options: { rest: batchInput, files: sevens },
    message: failed("inference input 'N' data-type is 'FP32', but model 'm' expects 'INT32'"),
  },
  {
    row: 'a name that nobody knows',
    sample: sample('batch_size: 1', [...zeros.slice(1), override('INT32')]),
    options: { files: sevens },
    message: failed("unexpected inference input 'N' for model 'm'"),
  },
  {
    row: 'more bytes than a run may have',
    sample: sample('batch_size: 4', replaced(0, input('F', 'FP32', 'dims: [ 536870912 ] zero_data: true'))),
    message:
      "warmup sample 's' of 4 requests is of 8589936240 bytes: this server runs samples of at most 1048576 requests and 2147483647 bytes",
  },
];

for (const { row, sample, message, code = 'invalid-argument', options } of refusals) {
  test(`11.1 ${row}: the load fails with its reason`, async () => {
    const { error } = await warmUp(sample, options);
    assert.deepEqual([error?.code, error?.message], [code, message]);
  });
}
