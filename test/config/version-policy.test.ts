import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseModelConfig } from '../../src/config/parse.js';
import { chooseVersions } from '../../src/config/version-policy.js';
import type { ModelConfig } from '../../src/generated/model_config_pb.js';

function withPolicy(policy: string): ModelConfig {
  return parseModelConfig(`name: "m" version_policy { ${policy} }`, 'config.pbtxt');
}

const rows: readonly (readonly [policy: string, present: number[], chosen: number[], missing: number[]])[] = [
  ['', [1, 2, 3], [3], []],
  ['latest { num_versions: 1 }', [3, 1, 20, 0], [20], []],
  ['latest { num_versions: 2 }', [3, 1, 20], [3, 20], []],
  ['latest { num_versions: 9 }', [3, 1], [1, 3], []],
  ['all { }', [20, 3, 0], [0, 3, 20], []],
  ['specific { versions: [ 1, 3 ] }', [3, 2, 1], [1, 3], []],
  ['specific { versions: [ 4, 3, 9 ] }', [1, 2, 3], [3], [4, 9]],
];

for (const [policy, present, chosen, missing] of rows) {
  test(`of the versions ${present.join(', ')} the policy '${policy}' chooses ${chosen.join(', ')}`, () => {
    assert.deepEqual(chooseVersions(withPolicy(policy), present), { chosen, missing });
  });
}

const nothingLeft: readonly (readonly [policy: string, present: number[]])[] = [
  ['latest { num_versions: 1 }', []],
  ['latest { num_versions: 0 }', [1, 2]],
  ['all { }', []],
  ['specific { versions: [ 7 ] }', [1, 2]],
  ['specific { }', [1, 2]],
];

for (const [policy, present] of nothingLeft) {
  test(`the policy '${policy}' is refused when it chooses none of the versions [${present.join(', ')}]`, () => {
    assert.throws(() => chooseVersions(withPolicy(policy), present), {
      code: 'invalid-argument',
      message: /^at least one version must be available under the version policy of model 'm'/,
    });
  });
}

test('the latest versions are the highest that are there, ascending and no more than asked for', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(1000), { minLength: 1 }),
      fc.integer({ min: 1, max: 20 }),
      (present, count) => {
        const { chosen } = chooseVersions(withPolicy(`latest { num_versions: ${count} }`), present);
        assert.deepEqual(chosen, [...present].sort((a, b) => a - b).slice(-count));
      },
    ),
  );
});
