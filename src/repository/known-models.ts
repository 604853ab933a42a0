import { InferenceError } from '../inference/error.js';
import type { Model, VersionState } from '../models/model.js';
import type { ModelVersion } from '../models/model-version.js';
import { KnownModel } from './known-model.js';
import { duplicateReason } from './listing.js';
import type { Chosen } from './threads.js';
import type { VersionLoader } from './version-loader.js';

/** The models that were loaded, or were to be: by name, with namespacing by repository and name. */
export class KnownModels {
  readonly #byKey = new Map<string, KnownModel>();
  readonly #namespacing: boolean;
  readonly #loader: VersionLoader;

  constructor(namespacing: boolean, loader: VersionLoader) {
    this.#namespacing = namespacing;
    this.#loader = loader;
  }

  get all(): readonly KnownModel[] {
    return [...this.#byKey.values()];
  }

  get keys(): readonly string[] {
    return [...this.#byKey.keys()];
  }

  get models(): readonly Model[] {
    return this.all.map(({ model }) => model).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** What serves, as the cores are shared by. */
  get serving(): Chosen[] {
    return this.all.flatMap(({ present }) => present ?? []);
  }

  /** Whether everything known serves, but for what was unloaded. */
  get allReady(): boolean {
    return this.all.every(
      ({ problem, model }) => problem === undefined && model.versions.every(([, state]) => isFine(state)),
    );
  }

  get(key: string): KnownModel | undefined {
    return this.#byKey.get(key);
  }

  /** All of a name. */
  named(name: string): KnownModel[] {
    return this.all.filter(({ model }) => model.name === name);
  }

  /** The one of a key, which is known from here on. */
  know(key: string, name: string): KnownModel {
    let known = this.#byKey.get(key);
    if (known === undefined) this.#byKey.set(key, (known = new KnownModel(name, this.#loader)));
    return known;
  }

  /** Forgets a model of which nothing is to be told. */
  tidy(key: string): void {
    if (this.#byKey.get(key)?.isBlank === true) this.#byKey.delete(key);
  }

  pick(name: string, version: number | undefined): ModelVersion {
    const model = this.find(name);
    if (model !== undefined) return model.pick(version);
    const code = this.#namespacing ? 'invalid-argument' : 'not-found';
    throw new InferenceError(code, `Request for unknown model: '${name}' is not found`);
  }

  /** The model of a name, if there is one; throws where the name could mean several. */
  find(name: string): Model | undefined {
    if (!this.#namespacing) {
      const known = this.#byKey.get(name);
      return known?.problem === duplicateReason ? undefined : known?.model;
    }
    const found = this.named(name);
    if (found.length < 2) return found[0]?.model;
    throw new InferenceError(
      'invalid-argument',
      `There are ${found.length} identifiers of model '${name}' in global map, model namespace must be provided to resolve ambiguity.`,
    );
  }
}

function isFine(state: VersionState): boolean {
  switch (state.kind) {
    case 'ready':
      return state.loaded.healthy;
    case 'unavailable':
      return state.reason === 'unloaded';
    case 'unloading':
      return true;
    case 'loading':
      return false;
  }
}
