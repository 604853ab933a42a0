import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forwardHeaders } from '../../../src/frontends/http/forward.js';
import { InferRequest } from '../../../src/inference/request.js';
import { createHeaderForwarder } from '../../../src/server/forwarded-headers.js';

const call = { rawHeaders: ['Host', 'a', 'X-User', 'one', 'x-team', 't', 'X-User', 'two'] };

test('headers go to the model by the names that they were written with, the last of a name', async () => {
  const request = new InferRequest('', []);
  forwardHeaders(await createHeaderForwarder('^x-'), call, request);
  assert.deepEqual(Object.fromEntries(request.parameters), { 'X-User': 'two', 'x-team': 't' });
});

test('without a pattern nothing is forwarded', () => {
  const request = new InferRequest('', []);
  forwardHeaders(undefined, call, request);
  assert.equal(request.parameters.size, 0);
});
