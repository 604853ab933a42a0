import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { ModelSpec, TensorSpec } from '../../../src/config/tensor-spec.js';
import { planOutputs, type ValueMetadata } from '../../../src/instances/backends/onnx-checks.js';
import { outputBytes, outputRow } from '../../../src/instances/slot.js';
import { expectOk, TestClient } from '../../support/client.js';
import { startServer, testModels } from '../../support/server.js';

function tensor(name: string, optional = false): TensorSpec {
  return { name, datatype: 'FP32', dims: [], modelDims: [], optional } as unknown as TensorSpec;
}

function value(name: string, shape: (number | string)[]): ValueMetadata {
  return { name, isTensor: true, type: 'float32', shape };
}

const cases: readonly {
  readonly why: string;
  readonly maxBatchSize: number;
  readonly inputs: readonly ValueMetadata[];
  readonly optional?: boolean;
  readonly output: readonly (number | string)[];
  readonly rowShape: unknown;
}[] = [
  {
    why: 'a symbol of an input',
    maxBatchSize: 8,
    inputs: [value('A', ['b', 3]), value('B', ['b', 3, 'n'])],
    output: ['b', 2, 'n'],
    rowShape: [2, { input: 1, axis: 2 }],
  },
  {
    why: 'the first dimension without batching',
    maxBatchSize: 0,
    inputs: [value('A', ['n'])],
    output: ['n', 'n'],
    rowShape: [
      { input: 0, axis: 0 },
      { input: 0, axis: 0 },
    ],
  },
  {
    why: 'the batch again inside a row, which is not the same for each request',
    maxBatchSize: 8,
    inputs: [value('A', ['b', 3])],
    output: ['b', 'b'],
    rowShape: undefined,
  },
  {
    why: 'an input that a request may leave out',
    maxBatchSize: 0,
    inputs: [value('A', ['n'])],
    optional: true,
    output: ['n'],
    rowShape: undefined,
  },
  {
    why: 'dimensions without a name',
    maxBatchSize: 0,
    inputs: [value('A', [''])],
    output: [''],
    rowShape: undefined,
  },
];

for (const { why, maxBatchSize, inputs, optional = false, output, rowShape } of cases) {
  test(`a free dimension of an output before the run: ${why}`, () => {
    const spec = {
      name: 'm',
      maxBatchSize,
      inputs: inputs.map(({ name }) => tensor(name, optional)),
      outputs: [tensor('X')],
    } as unknown as ModelSpec;
    const [plan] = planOutputs(spec, { inputs, outputs: [value('X', [...output])] });
    assert.deepEqual(plan?.rowShape, rowShape);
  });
}

test('a linked dimension has the size that the input has in the batch', () => {
  const plan = { rowShape: [2, { input: 1, axis: 1 }], rowBytes: 8 };
  const batch = { batchSize: 3, inputs: [{ index: 1, shape: [3, 5], offset: 0, byteLength: 60 }] };
  assert.deepEqual(outputRow(plan, batch), [2, 5]);
  assert.equal(outputBytes(plan, batch), 8 * 5 * 3);
});

test('outputs as long as their inputs come back whole, whatever the length', async () => {
  const server = await startServer({ repository: testModels });
  const client = new TestClient(server.port);
  const sizes = fc.record({ rows: fc.integer({ min: 1, max: 8 }), width: fc.integer({ min: 0, max: 70 }) });
  await fc.assert(
    fc.asyncProperty(sizes, async ({ rows, width }) => {
      const data = Buffer.from(Float32Array.from({ length: rows * width }, (_, i) => i).buffer);
      const request = {
        model_name: 'identity_fp32',
        inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [rows, width] }],
        raw_input_contents: [data],
      };
      const response = expectOk(await client.infer(request));
      assert.deepEqual(response.outputs[0].shape, [String(rows), String(width)]);
      assert.deepEqual(response.raw_output_contents, [data]);
    }),
    { numRuns: 50 },
  );
  client.close();
  await server.close();
});
