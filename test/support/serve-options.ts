import { toServeOptions, type ServeOptions } from '../../src/cli/options.js';

/** The options of a command line with a repository and these flags. */
export function serveOptions(...given: readonly (readonly [name: string, value: string])[]): ServeOptions {
  const map = new Map([['model-repository', ['models']]]);
  for (const [name, value] of given) map.set(name, [...(map.get(name) ?? []), value]);
  return toServeOptions(map);
}
