import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeProblem } from '../../src/config/problem.js';
import { check } from './rule-table.js';

test('a problem of a config that was read from a text says the field and where it stands', () => {
  const problems = check(`name: "m"
backend: "onnxruntime"
max_batch_size: -3
input [
  { name: "X" data_type: TYPE_FP32
    dims: [ 4, 0 ] }
]
output { name: "Y" dims: [ 1 ] }
parameters { key: "enable_mem_arena" value { string_value: "x" } }
optimization { execution_accelerators { cpu_execution_accelerator { name: "openvino" } } }
`);
  assert.deepEqual(
    problems.map(({ path, place }) => [path, place?.line, place?.column]),
    [
      ['max_batch_size', 3, 1],
      ['input[0].dims[1]', 6, 16],
      ['output[0].data_type', 8, 1],
      ['optimization.execution_accelerators.cpu_execution_accelerator[0]', 10, 41],
      ['parameters["enable_mem_arena"]', 9, 1],
    ],
  );
  assert.equal(
    describeProblem(problems[1]!),
    `model input 'X' dimension must be integer >= 1, or -1 to indicate a variable-size dimension for m ` +
      `(in input[0].dims[1], line 6, column 16). To mend it: dims has 0: write a size from 1 up, or -1 for any size`,
  );
});
