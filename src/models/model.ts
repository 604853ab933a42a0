import { InferenceError } from '../inference/error.js';
import { formatInt64 } from '../tensors/int64.js';
import type { ModelVersion } from './model-version.js';

/** Where a version of a model stands; `reason` says why it is unavailable. */
export type VersionState =
  /** Being loaded for the first time. */
  | { readonly kind: 'loading' }
  /** Serving. */
  | { readonly kind: 'ready'; readonly loaded: ModelVersion }
  /** Takes no more requests and answers those it has. */
  | { readonly kind: 'unloading'; readonly loaded: ModelVersion }
  /** Failed to load, or unloaded. */
  | { readonly kind: 'unavailable'; readonly reason: string };

/** A name in the repository and all that is known of its versions. */
export class Model {
  readonly name: string;
  readonly #versions = new Map<number, VersionState>();
  #highestReady: ModelVersion | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** All known versions, ascending. */
  get versions(): readonly (readonly [number, VersionState])[] {
    return [...this.#versions].sort(([a], [b]) => a - b);
  }

  get readyVersions(): readonly ModelVersion[] {
    return this.versions.flatMap(([, state]) => (state.kind === 'ready' ? [state.loaded] : []));
  }

  /** Where a version stands; undefined when it was never heard of. */
  state(version: number): VersionState | undefined {
    return this.#versions.get(version);
  }

  set(version: number, state: VersionState): void {
    this.#versions.set(version, state);
    this.#highestReady = this.readyVersions.at(-1);
  }

  /** Drops a version that does not serve. */
  forget(version: number): void {
    this.#versions.delete(version);
  }

  /** The version that serves a request: the one asked for, or the highest that is ready. */
  pick(version: number | undefined): ModelVersion {
    const subject = `Request for unknown model: '${this.name}'`;
    if (version === undefined) {
      const highest = this.#highestReady;
      if (highest === undefined)
        throw new InferenceError('not-found', `${subject} has no available versions`);
      return highest;
    }
    const state = this.#versions.get(version);
    if (state === undefined) {
      throw new InferenceError('not-found', `${subject} version ${formatInt64(version)} is not found`);
    }
    if (state.kind !== 'ready') {
      throw new InferenceError('unavailable', `${subject} version ${version} is not at ready state`);
    }
    return state.loaded;
  }
}
