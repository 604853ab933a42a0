import path from 'node:path';
import type { ModelSource } from './source.js';

/** A model of a repository. */
export interface ModelPlace {
  readonly name: string;
  /** Undefined when it comes with a call, and lies nowhere. */
  readonly source: ModelSource | undefined;
}

/** What lies in the repositories at a moment. */
export interface Look {
  /** By the key under which the model is known. */
  readonly places: ReadonlyMap<string, ModelPlace>;
  /** Names that more than one repository has, with where they lie. */
  readonly duplicates: ReadonlyMap<string, readonly string[]>;
}

/** Lists all repositories. With namespacing a model is known by its repository and name, and a name may come again. */
export async function lookAround(sources: readonly ModelSource[], namespacing: boolean): Promise<Look> {
  const lists = await Promise.all(sources.map((source) => source.list()));
  const byKey = new Map<string, { name: string; source: ModelSource }[]>();
  for (const [index, source] of sources.entries()) {
    for (const name of lists[index] ?? []) {
      const key = namespacing ? `${source.place}::${name}` : name;
      byKey.set(key, [...(byKey.get(key) ?? []), { name, source }]);
    }
  }
  const places = new Map<string, ModelPlace>();
  const duplicates = new Map<string, readonly string[]>();
  for (const [key, found] of byKey) {
    const [first, ...others] = found;
    if (first !== undefined && others.length === 0) places.set(key, first);
    else
      duplicates.set(
        key,
        found.map(({ name, source }) => path.join(source.place, name)),
      );
  }
  return { places, duplicates };
}

/** Whether a model of this name lies in any repository. */
export function holds({ places, duplicates }: Look, name: string): boolean {
  return duplicates.has(name) || [...places.values()].some((place) => place.name === name);
}
