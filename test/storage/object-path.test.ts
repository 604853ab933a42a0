import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { targetOf, unsafeReason } from '../../src/storage/object-path.js';

const segment = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }) },
  { weight: 2, arbitrary: fc.constantFrom('..', '.', '', '...', '..\\', 'a\\..\\b', '\0', '%2e%2e', 'C:') },
);
const names = fc.array(segment, { maxLength: 6 }).map((parts) => parts.join('/'));

test('whatever an object is called, it is refused or written beneath the folder', () => {
  fc.assert(
    fc.property(names, (name) => {
      const folder = '/models/copy';
      if (unsafeReason(name) !== undefined) {
        assert.throws(() => targetOf(folder, name), { code: 'invalid-argument' });
        return;
      }
      const target = targetOf(folder, name);
      assert.ok(path.resolve(target).startsWith(`${folder}/`), target);
      assert.equal(path.relative(folder, path.resolve(target)), name.replace(/\/$/, ''));
    }),
    { seed: 5, numRuns: 2000 },
  );
});

const cases: Readonly<Record<string, RegExp | undefined>> = {
  'm/1/model.onnx': undefined,
  'm/1/': undefined,
  '.hidden/..x/x..': undefined,
  '../x': /'\.\.' between slashes/,
  'm/../../x': /'\.\.' between slashes/,
  'm/..': /'\.\.' between slashes/,
  './m': /'\.' between slashes/,
  '/etc/passwd': /begins with a slash/,
  'm//x': /empty name/,
  'm\\..\\x': /backslash/,
  'm/\0': /NUL/,
  '': /empty name/,
};

for (const [name, reason] of Object.entries(cases)) {
  test(`the object ${JSON.stringify(name)} is ${reason === undefined ? 'a file or folder here' : 'refused'}`, () => {
    if (reason === undefined) assert.equal(unsafeReason(name), undefined);
    else assert.throws(() => targetOf('/x', name), { message: reason });
  });
}
