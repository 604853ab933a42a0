import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { InferenceError } from '../../src/inference/error.js';
import { InferRequest } from '../../src/inference/request.js';
import { Admission } from '../../src/server/admission.js';

function requestOf(byteLengths: readonly number[], id = ''): InferRequest {
  const inputs = byteLengths.map((length, index) => ({
    name: `IN${index}`,
    datatype: 'UINT8' as const,
    shape: [length],
    data: new Uint8Array(length),
  }));
  return new InferRequest(id, inputs);
}

test('requests are let in up to the bound, and again when others have left', () => {
  const admission = new Admission(10);
  const first = admission.enter(requestOf([2, 4]));
  assert.equal(first, 6);
  assert.equal(admission.enter(requestOf([4])), 4);
  assert.equal(admission.pendingBytes, 10);
  assert.throws(() => admission.enter(requestOf([1], 'mine')), {
    code: 'unavailable',
    message: '[request id: mine] Exceeds maximum queue size',
  });
  admission.leave(first);
  assert.equal(admission.enter(requestOf([6])), 6);
});

test('a request without data is always let in', () => {
  const admission = new Admission(1);
  admission.enter(requestOf([1]));
  assert.equal(admission.enter(requestOf([])), 0);
});

test('a request larger than the bound is let in when the server holds nothing else', () => {
  const admission = new Admission(10);
  assert.equal(admission.enter(requestOf([11])), 11);
  assert.throws(() => admission.enter(requestOf([1])), InferenceError);
});

test('the bytes held are those of the requests inside, never over the bound but for one large request', () => {
  const step = fc.record({ bytes: fc.nat(12), leaves: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const admission = new Admission(10);
      const inside: number[] = [];
      for (const { bytes, leaves } of steps) {
        try {
          inside.push(admission.enter(requestOf([bytes])));
        } catch (error) {
          assert.ok(error instanceof InferenceError);
        }
        if (leaves) admission.leave(inside.shift() ?? 0);
        const held = inside.reduce((sum, size) => sum + size, 0);
        assert.equal(admission.pendingBytes, held);
        assert.ok(held <= 10 || inside.filter((size) => size > 0).length === 1);
      }
    }),
  );
});
