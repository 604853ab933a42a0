import assert from 'node:assert/strict';
import { test } from 'node:test';
import { declaredFacts, elementName } from '../../../src/instances/backends/onnx-facts.js';

test("an element type has ONNX's name, and one that is newer its number", () => {
  assert.deepEqual([1, 16, 22, 24, 25, 26, 27].map(elementName), [
    'FLOAT',
    'BFLOAT16',
    'INT4',
    'FLOAT8E8M0',
    'UINT2',
    'INT2',
    'number 27',
  ]);
});

test('a declared tensor of a type without a datatype keeps the name of its type', () => {
  const value = { name: 'x', onnxType: 'ONNX_TYPE_TENSOR', elementType: 26, shape: [2] };
  const { inputs } = declaredFacts({ inputs: [value], outputs: [], overridable: new Set() });
  assert.deepEqual(inputs, [
    { kind: 'tensor', name: 'x', datatype: undefined, elementType: 'INT2', shape: [2], ranked: true },
  ]);
});
