import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelSpec, TensorSpec } from '../../../src/config/tensor-spec.js';
import { toRawRequest } from '../../../src/frontends/http/raw-request.js';
import { wholeBytes, type TensorBytes } from '../../../src/tensors/chunked-bytes.js';

function specOf(maxBatchSize: number, input: Partial<TensorSpec>): ModelSpec {
  const whole = {
    name: 'x',
    datatype: 'FP32',
    dims: [],
    modelDims: [],
    optional: false,
    labelFile: '',
  } as const;
  return { name: 'm', maxBatchSize, inputs: [{ ...whole, ...input }], outputs: [] };
}

const shapes: readonly [
  what: string,
  maxBatchSize: number,
  dims: number[],
  bytes: number,
  shape: number[],
][] = [
  ['fixed dimensions are those of the config', 0, [2, 2], 16, [2, 2]],
  ['a batching model gets a batch of one', 8, [2, 2], 16, [1, 2, 2]],
  ['a free dimension takes the rest', 8, [3, -1], 48, [1, 3, 4]],
  ['a free dimension of no data is none', 0, [-1], 0, [0]],
  ['what does not divide is left to the check of the size', 0, [2, -1], 20, [2, 2]],
];

for (const [what, maxBatchSize, dims, bytes, shape] of shapes) {
  test(what, () => {
    const { request } = toRawRequest(specOf(maxBatchSize, { dims }), [new Uint8Array(bytes)]);
    assert.deepEqual(request.inputs[0]?.shape, shape);
    assert.equal(request.inputs[0]?.data.byteLength, bytes);
  });
}

test('a string becomes the one element of its tensor', () => {
  const pieces = [Buffer.from('ab'), Buffer.from('c')];
  const { request, form } = toRawRequest(specOf(8, { datatype: 'BYTES', dims: [1] }), pieces);
  const [input] = request.inputs;
  assert.ok(input);
  assert.deepEqual(input.shape, [1, 1]);
  assert.deepEqual(Buffer.from(wholeBytes(input.data as TensorBytes)), Buffer.from('\x03\0\0\0abc'));
  assert.equal(form.binary, 'all');
});

const refused: readonly [input: Partial<TensorSpec>, message: string][] = [
  [
    { dims: [-1, -1] },
    "[request id: <id_unknown>] The shape of the raw input 'x' can not be deduced because there are more than one variable-sized dimension",
  ],
  [
    { datatype: 'BYTES', dims: [2] },
    "[request id: <id_unknown>] For BYTE datatype raw input 'x', the model must have input shape [1]",
  ],
];

for (const [input, message] of refused) {
  test(`raw data is refused for ${JSON.stringify(input)}`, () => {
    assert.throws(() => toRawRequest(specOf(0, input), [new Uint8Array(4)]), { message });
  });
}
