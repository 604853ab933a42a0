import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InferRequest, requestPrefix } from '../../src/inference/request.js';

test('a request is cancelled once, and whoever holds it then is told', () => {
  const request = new InferRequest('', []);
  let told = 0;
  request.holder = { requestCancelled: () => told++ };
  assert.equal(request.cancelled, false);
  request.cancel();
  request.cancel();
  assert.equal(request.cancelled, true);
  assert.equal(told, 1);
});

test('whoever takes a request after its cancellation sees it and is not told', () => {
  const request = new InferRequest('', []);
  request.cancel();
  request.holder = { requestCancelled: () => assert.fail('told') };
  request.cancel();
  assert.equal(request.cancelled, true);
});

test('messages about a request begin with its id, or say that it has none', () => {
  assert.equal(requestPrefix(new InferRequest('mine', [])), '[request id: mine] ');
  assert.equal(requestPrefix(new InferRequest('', [])), '[request id: <id_unknown>] ');
});
