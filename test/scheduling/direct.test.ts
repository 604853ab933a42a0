import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InferRequest } from '../../src/inference/request.js';
import { DirectBatcher } from '../../src/scheduling/direct.js';
import { Entry } from '../../src/scheduling/entry.js';

function newEntry(id: string): Entry {
  return new Entry(new InferRequest(id, []), { rows: 1, startUs: 0, enqueuedUs: 0 });
}

test('each pull gives one request, in the order of arrival, until none is left', () => {
  const batcher = new DirectBatcher();
  const [first, second] = [newEntry('1'), newEntry('2')];
  batcher.offer(first);
  batcher.offer(second);
  assert.equal(batcher.size, 2);
  assert.deepEqual(batcher.pull(0, 1), { kind: 'runs', runs: [[first]], closed: 'instance-free' });
  assert.deepEqual(batcher.pull(0, 1), { kind: 'runs', runs: [[second]], closed: 'instance-free' });
  assert.deepEqual(batcher.pull(0, 1), { kind: 'empty' });
  assert.equal(batcher.size, 0);
});

test('a request can be taken out while it waits, and only then', () => {
  const batcher = new DirectBatcher();
  const [first, second] = [newEntry('1'), newEntry('2')];
  batcher.offer(first);
  batcher.offer(second);
  assert.equal(batcher.remove(first), true);
  assert.equal(batcher.remove(first), false);
  assert.deepEqual(batcher.pull(0, 1), { kind: 'runs', runs: [[second]], closed: 'instance-free' });
  assert.equal(batcher.remove(second), false);
});
