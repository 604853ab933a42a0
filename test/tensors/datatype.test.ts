import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elementBytes, isDatatype } from '../../src/tensors/datatype.js';

test('every datatype has the width of the protocol', () => {
  assert.deepEqual(elementBytes, {
    BOOL: 1,
    UINT8: 1,
    UINT16: 2,
    UINT32: 4,
    UINT64: 8,
    INT8: 1,
    INT16: 2,
    INT32: 4,
    INT64: 8,
    FP16: 2,
    BF16: 2,
    FP32: 4,
    FP64: 8,
    BYTES: 0,
  });
});

test('only the names of the protocol are datatypes', () => {
  assert.equal(isDatatype('FP32'), true);
  for (const name of ['', 'fp32', 'TYPE_FP32', 'STRING', 'toString', '__proto__']) {
    assert.equal(isDatatype(name), false, name);
  }
});
