import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { editDistance, nearest } from '../../src/config/nearest.js';

test('the nearest known name is found, whatever its case', () => {
  assert.equal(nearest('nmae', ['dims', 'name', 'label']), 'name');
  assert.equal(nearest('NAME', ['dims', 'name']), 'name');
  assert.equal(nearest('modle-repository', ['model-control-mode', 'model-repository']), 'model-repository');
});

test('a name that has nothing in common with any known one has no nearest', () => {
  assert.equal(nearest('foo', ['dims', 'name']), undefined);
  assert.equal(nearest('ab', ['id']), undefined);
  assert.equal(nearest('', ['id']), undefined);
  assert.equal(nearest('name', []), undefined);
});

test('an edit distance is zero for equal texts, symmetric and no longer than a detour', () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      assert.equal(editDistance(a, a), 0);
      assert.equal(editDistance(a, b), editDistance(b, a));
      assert.ok(editDistance(a, c) <= editDistance(a, b) + editDistance(b, c));
    }),
  );
});
