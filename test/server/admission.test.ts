import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { InferenceError } from '../../src/inference/error.js';
import { InferRequest } from '../../src/inference/request.js';
import { Admission, requestBytes } from '../../src/server/admission.js';
import { Regions } from '../../src/server/shared-memory.js';

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
  const admission = new Admission(10 + 2 * requestBytes);
  const first = admission.enter(requestOf([2, 4]));
  assert.equal(first, 6 + requestBytes);
  assert.equal(admission.enter(requestOf([4])), 4 + requestBytes);
  assert.equal(admission.pendingBytes, 10 + 2 * requestBytes);
  assert.throws(() => admission.enter(requestOf([1], 'mine')), {
    code: 'unavailable',
    message: '[request id: mine] Exceeds maximum queue size',
  });
  admission.leave(first);
  assert.equal(admission.enter(requestOf([6])), 6 + requestBytes);
});

test('requests without data count as well, so that their number is bounded', () => {
  const admission = new Admission(3 * requestBytes);
  for (let i = 0; i < 3; i++) admission.enter(requestOf([]));
  assert.throws(() => admission.enter(requestOf([])), InferenceError);
});

test('a request larger than the bound is let in when the server holds nothing else', () => {
  const admission = new Admission(10);
  assert.equal(admission.enter(requestOf([11])), 11 + requestBytes);
  assert.throws(() => admission.enter(requestOf([1])), InferenceError);
});

test('a request of shared memory that is larger than the bound is never let in', () => {
  const admission = new Admission(10 + requestBytes);
  const regions = new Regions({ enabled: true, countMax: 1 });
  const request = requestOf([11], 'mine');
  request.regions = regions.use();
  assert.throws(() => admission.enter(request), {
    code: 'invalid-argument',
    message: `[request id: mine] inputs of 11 bytes in shared memory are more than the server holds at once (--max-pending-request-bytes=${10 + requestBytes})`,
  });
  const fitting = requestOf([10]);
  fitting.regions = regions.use();
  assert.equal(admission.enter(fitting), 10 + requestBytes);
});

test('the bytes held are those of the requests inside, never over the bound but for one large request', () => {
  const step = fc.record({ bytes: fc.nat(12), leaves: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const bound = 10 + 2 * requestBytes;
      const admission = new Admission(bound);
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
        assert.ok(held <= bound || inside.length === 1);
      }
    }),
  );
});
