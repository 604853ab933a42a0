import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InferenceError, toInferenceError, type ErrorCode } from '../../src/inference/error.js';

const described: Readonly<Record<ErrorCode, string>> = {
  unknown: 'Unknown: why',
  internal: 'Internal: why',
  'not-found': 'Not found: why',
  'invalid-argument': 'Invalid argument: why',
  unavailable: 'Unavailable: why',
  unsupported: 'Unsupported: why',
  'already-exists': 'Already exists: why',
  cancelled: 'Cancelled: why',
};

test("an error is described with Triton's name of its code", () => {
  for (const [code, text] of Object.entries(described)) {
    assert.equal(new InferenceError(code as ErrorCode, 'why').describe(), text);
  }
});

test('an error that crosses the layers stays itself', () => {
  const error = new InferenceError('not-found', 'why');
  assert.equal(toInferenceError(error), error);
});

test('whatever else was thrown becomes an internal error that keeps its cause', () => {
  const cause = new TypeError('odd');
  const error = toInferenceError(cause);
  assert.deepEqual(
    [error.code, error.message, error.cause, error.executed],
    ['internal', 'odd', cause, false],
  );
  assert.equal(toInferenceError('text').message, 'text');
  assert.equal(toInferenceError(undefined).message, 'undefined');
});
