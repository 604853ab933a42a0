import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toServeOptions, type ServeOptions } from '../../src/cli/options.js';

/** The options of a command line with a repository and these flags. */
function options(...given: readonly (readonly [name: string, value: string])[]): ServeOptions {
  const map = new Map([['model-repository', ['models']]]);
  for (const [name, value] of given) map.set(name, [...(map.get(name) ?? []), value]);
  return toServeOptions(map);
}

test('models are named at start in explicit mode only, and all of them by nothing beside', () => {
  assert.throws(() => options(['load-model', 'm']), {
    message: "Error: Use of '--load-model' requires setting '--model-control-mode=explicit' as well.",
  });
  const explicit = ['model-control-mode', 'explicit'] as const;
  assert.throws(() => options(explicit, ['load-model', '*'], ['load-model', 'm']), {
    message: "Wildcard model name '*' must be the ONLY startup model if specified at all.",
  });
  assert.equal(options(explicit, ['load-model', '*']).control.startup, 'all');
  assert.deepEqual(options(explicit).control.startup, []);
});
