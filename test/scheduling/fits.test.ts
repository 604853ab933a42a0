import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelSpec, TensorSpec } from '../../src/config/tensor-spec.js';
import { InferRequest } from '../../src/inference/request.js';
import { fitsRule } from '../../src/scheduling/fits.js';

type Dims = readonly number[];

function tensorSpec(name: string, dims: Dims, optional: boolean): TensorSpec {
  return { name, datatype: 'UINT8', dims, modelDims: dims, optional, labelFile: '' };
}

function modelOf(maxBatchSize: number, inputs: readonly TensorSpec[]): ModelSpec {
  return { name: 'm', maxBatchSize, inputs, outputs: [] };
}

/** A request with these inputs, in this order. */
function requestOf(shapes: Readonly<Record<string, Dims>>): InferRequest {
  const inputs = Object.entries(shapes).map(([name, shape]) => ({
    name,
    datatype: 'UINT8' as const,
    shape,
    data: new Uint8Array(),
  }));
  return new InferRequest('', inputs);
}

const fixed = modelOf(8, [tensorSpec('A', [2], false)]);
const variable = modelOf(8, [tensorSpec('A', [-1, 2], false), tensorSpec('B', [3], false)]);
const optional = modelOf(8, [tensorSpec('A', [2], false), tensorSpec('B', [-1], true)]);
const optionalFixed = modelOf(8, [tensorSpec('A', [2], true), tensorSpec('B', [2], true)]);

type Shapes = Readonly<Record<string, Dims>>;

for (const [what, model, a, b, fit] of [
  ['fixed inputs are never compared', fixed, { A: [1, 2] }, { A: [1, 9] }, true],
  ['samples do not count', variable, { A: [1, 4, 2], B: [1, 3] }, { A: [5, 4, 2], B: [5, 3] }, true],
  ['variable inputs must agree', variable, { A: [1, 4, 2], B: [1, 3] }, { A: [1, 5, 2], B: [1, 3] }, false],
  ['the order of inputs is free', variable, { B: [1, 3], A: [1, 4, 2] }, { A: [1, 4, 2], B: [1, 3] }, true],
  ['and hides no difference', variable, { B: [1, 3], A: [1, 5, 2] }, { A: [1, 4, 2], B: [1, 3] }, false],
  ['ranks count', modelOf(8, [tensorSpec('A', [-1], false)]), { A: [1, 2] }, { A: [1, 2, 1] }, false],
  ['both leave an input out', optional, { A: [1, 2] }, { A: [1, 2] }, true],
  ['one leaves an input out', optional, { A: [1, 2], B: [1, 1] }, { A: [1, 2] }, false],
  ['the other leaves it out', optional, { A: [1, 2] }, { A: [1, 2], B: [1, 1] }, false],
  ['as many inputs, but others', optionalFixed, { A: [1, 2] }, { B: [1, 2] }, false],
  [
    'optional inputs of fixed shape, in another order',
    optionalFixed,
    { A: [1, 2], B: [1, 2] },
    { B: [1, 2], A: [1, 2] },
    true,
  ],
  [
    'optional inputs that differ in shape',
    optional,
    { A: [1, 2], B: [1, 4] },
    { A: [1, 2], B: [1, 5] },
    false,
  ],
  [
    'without a batch dimension the first one counts',
    modelOf(0, [tensorSpec('A', [-1], false)]),
    { A: [4] },
    { A: [5] },
    false,
  ],
] as const satisfies readonly (readonly [string, ModelSpec, Shapes, Shapes, boolean])[]) {
  test(`company: ${what}`, () => {
    const fits = fitsRule(model);
    assert.equal(fits(requestOf(a), requestOf(b)), fit);
    assert.equal(fits(requestOf(b), requestOf(a)), fit);
  });
}
