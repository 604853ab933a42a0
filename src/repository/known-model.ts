import { toInferenceError, type InferenceError } from '../inference/error.js';
import { Model } from '../models/model.js';
import type { ModelVersion } from '../models/model-version.js';
import { reconcile, type Actions, type Present } from './reconcile.js';
import type { ModelStamps } from './stamps.js';
import type { Shares } from './threads.js';
import type { LoadResult, VersionLoader } from './version-loader.js';
import type { Wanted } from './wanted.js';

/** How a load ended. */
export type LoadOutcome =
  /** Every version that was chosen serves. */
  | { readonly kind: 'ready' }
  /** The model is not there, or its config is wrong: nothing was tried. */
  | { readonly kind: 'refused'; readonly error: InferenceError }
  /** The config chooses no version. */
  | { readonly kind: 'no-version'; readonly error: InferenceError }
  /** What served before goes on. */
  | { readonly kind: 'failed'; readonly failures: readonly (readonly [number, InferenceError])[] };

/**
 * One model of the repository: what serves of it, and what that was loaded from. Its operations must come one
 * after another.
 *
 * Invariant: what serves goes on until all that is to replace it is ready. A version that is replaced or
 * unloaded takes no new requests and answers those that it has.
 */
export class KnownModel {
  readonly model: Model;
  /** What the last attempt to load it found, whether or not it could be loaded. */
  lookedAt: ModelStamps | undefined;
  /** Why it cannot be loaded, when it has no version to say so of. */
  problem: string | undefined;
  readonly #loader: VersionLoader;
  #loadedFrom: Omit<Present, 'versions'> | undefined;

  constructor(name: string, loader: VersionLoader) {
    this.model = new Model(name);
    this.#loader = loader;
  }

  /** What serves, and what it was loaded from; undefined when nothing does. */
  get present(): Present | undefined {
    const versions = this.model.readyVersions.map(({ version }) => version);
    const from = this.#loadedFrom;
    return versions.length === 0 || from === undefined ? undefined : { ...from, versions };
  }

  /** Whether nothing at all is to be told of it. */
  get isBlank(): boolean {
    return this.problem === undefined && this.model.versions.length === 0;
  }

  /** Whether something serves or failed, and was not unloaded. */
  get lingers(): boolean {
    if (this.problem !== undefined) return true;
    return this.model.versions.some(
      ([, state]) => state.kind === 'ready' || (state.kind === 'unavailable' && state.reason !== 'unloaded'),
    );
  }

  /** Says that a model which is about to be loaded is there. */
  announce({ versions }: Pick<Wanted, 'versions'>): void {
    for (const version of versions) {
      if (this.model.state(version)?.kind !== 'ready') this.model.set(version, { kind: 'loading' });
    }
  }

  /** Says of versions why they cannot be loaded; what serves goes on. */
  refuse(versions: readonly number[], reason: string): void {
    if (versions.length === 0 && this.model.versions.length === 0) this.problem = reason;
    for (const version of versions) {
      if (this.model.state(version)?.kind !== 'ready')
        this.model.set(version, { kind: 'unavailable', reason });
    }
  }

  /** Loads what is wanted and lets it take over. The folder of what is wanted has one user less behind this. */
  async load(wanted: Wanted, shares: Shares): Promise<LoadOutcome> {
    try {
      return await this.#load(wanted, shares);
    } finally {
      await wanted.folder.release();
    }
  }

  /** From here on no version takes requests; each is unloaded when it has answered those that it has. */
  unload(): void {
    for (const loaded of this.model.readyVersions) void this.#unload(loaded);
    this.#loadedFrom = undefined;
  }

  /** Unloads all versions of a model that is gone, and tells of none of them afterwards. */
  forget(): void {
    this.unload();
    this.problem = undefined;
    this.lookedAt = undefined;
    for (const [version, { kind }] of this.model.versions) {
      if (kind === 'unavailable') this.model.forget(version);
    }
  }

  async #load(wanted: Wanted, shares: Shares): Promise<LoadOutcome> {
    const actions = reconcile(this.present, wanted);
    this.announce({ versions: actions.load });
    const results = await this.#loader.load(wanted, actions.load, shares);
    const failures = results.flatMap((one) =>
      one.kind === 'failed' ? [[one.version, one.error] as const] : [],
    );
    if (failures.length > 0) return this.#giveUp(results, failures);
    const unadopted = await this.#adopt(actions, wanted);
    if (unadopted.length > 0) return this.#giveUp(results, unadopted);
    for (const one of results) if (one.kind === 'loaded') this.#takeOver(one.loaded);
    for (const loaded of this.model.readyVersions) {
      if (actions.unload.includes(loaded.version)) void this.#unload(loaded);
    }
    for (const [version, { kind }] of this.model.versions) {
      if (kind === 'unavailable' && !wanted.layout.versions.includes(version)) this.model.forget(version);
    }
    this.#loadedFrom = { config: wanted.config, stamps: wanted.stamps };
    this.problem = undefined;
    return { kind: 'ready' };
  }

  /** Gives the versions that are kept the instances that they are to have; the result is which could not have them. */
  async #adopt({ keep }: Actions, { config }: Wanted): Promise<(readonly [number, InferenceError])[]> {
    const kept = this.model.readyVersions.filter(({ version }) => keep.includes(version));
    const failures: (readonly [number, InferenceError])[] = [];
    for (const loaded of kept) {
      await loaded.adopt(config).catch((error: unknown) => {
        failures.push([loaded.version, toInferenceError(error)]);
      });
    }
    return failures;
  }

  async #giveUp(
    results: readonly LoadResult[],
    failures: readonly (readonly [number, InferenceError])[],
  ): Promise<LoadOutcome> {
    for (const [version, error] of failures) this.refuse([version], error.describe());
    for (const one of results) {
      if (one.kind !== 'loaded') continue;
      this.refuse([one.version], 'unloaded');
      await this.#loader.retire(one.loaded);
    }
    return { kind: 'failed', failures };
  }

  /** From here on requests go to this one. */
  #takeOver(loaded: ModelVersion): void {
    const before = this.model.state(loaded.version);
    this.model.set(loaded.version, { kind: 'ready', loaded });
    if (before?.kind === 'ready') void this.#loader.retire(before.loaded);
  }

  async #unload(loaded: ModelVersion): Promise<void> {
    const { version } = loaded;
    this.model.set(version, { kind: 'unloading', loaded });
    await this.#loader.retire(loaded);
    const now = this.model.state(version);
    // It may have been loaded anew meanwhile.
    if (now?.kind !== 'unloading' || now.loaded !== loaded) return;
    this.model.set(version, { kind: 'unavailable', reason: 'unloaded' });
  }
}
