import PQueue from 'p-queue';
import { InferenceError, toInferenceError } from '../inference/error.js';
import { ModelVersion, type SharedParts } from '../models/model-version.js';
import type { BatchingOptions } from '../scheduling/create-batcher.js';
import { completeVersion, type CompletionContext } from './complete-version.js';
import { defaultConfigOptions, type ConfigOptions } from './config-options.js';
import { locateModelFile } from './model-files.js';
import type { ModelFolder } from './source.js';
import type { Shares, ThreadDefaults } from './threads.js';
import type { Wanted } from './wanted.js';

export interface LoadOptions {
  /** How many versions are loaded at once. */
  readonly loadConcurrency: number;
  /** Further attempts when a version fails to load. */
  readonly retryCount?: number;
  readonly gpus: readonly number[];
  /** How long what waits for a version that leaves may go on waiting; for ever when left out. */
  readonly drainMs?: number;
  readonly configs?: ConfigOptions;
  /** Whether several repositories may hold models of one name. */
  readonly namespacing?: boolean;
  readonly batching?: BatchingOptions;
  readonly threadDefaults?: ThreadDefaults;
  /** A limit for each instance's JavaScript heap; Node's own when left out. */
  readonly heapLimitMb?: number;
}

export type LoadResult =
  | { readonly kind: 'loaded'; readonly version: number; readonly loaded: ModelVersion }
  | { readonly kind: 'failed'; readonly version: number; readonly error: InferenceError };

/**
 * Loads versions, a bounded number of them at once over all models, and closes them again. A version uses
 * its model's folder until it is closed.
 */
export class VersionLoader {
  readonly #options: LoadOptions;
  readonly #parts: SharedParts;
  readonly #onHealthChanged: () => void;
  readonly #queue: PQueue;
  readonly #folders = new Map<ModelVersion, ModelFolder>();
  /** Those that are on their way out. */
  readonly #leaving = new Map<ModelVersion, Promise<void>>();

  constructor(options: LoadOptions, parts: SharedParts, onHealthChanged: () => void) {
    this.#options = options;
    this.#parts = parts;
    this.#onHealthChanged = onHealthChanged;
    this.#queue = new PQueue({ concurrency: options.loadConcurrency });
  }

  /** What the configs of models are read and completed with. */
  get context(): CompletionContext {
    const { gpus, configs = defaultConfigOptions } = this.#options;
    return { gpus, configs, log: this.#parts.log };
  }

  load(wanted: Wanted, versions: readonly number[], shares: Shares): Promise<LoadResult[]> {
    return this.#queue.addAll(versions.map((version) => () => this.#loadOne(wanted, version, shares)));
  }

  /** Lets a version answer what it has, then closes it. */
  retire(loaded: ModelVersion): Promise<void> {
    let leaving = this.#leaving.get(loaded);
    if (leaving === undefined) {
      leaving = this.#close(loaded).finally(() => this.#leaving.delete(loaded));
      this.#leaving.set(loaded, leaving);
    }
    return leaving;
  }

  /** Versions that still answer what they have. */
  get leaving(): readonly ModelVersion[] {
    return [...this.#leaving.keys()];
  }

  /** Resolves when nothing is loaded or on its way out. */
  async settled(): Promise<void> {
    await this.#queue.onIdle();
    await Promise.all(this.#leaving.values());
  }

  async #loadOne(wanted: Wanted, version: number, shares: Shares): Promise<LoadResult> {
    const { log } = this.#parts;
    const { name } = wanted.layout;
    const fields = { model: name, version };
    log.info(`loading: ${name}:${version}`, fields);
    for (let left = this.#options.retryCount ?? 0; ; left--) {
      try {
        const loaded = await this.#open(wanted, version, shares);
        log.info(`successfully loaded '${name}' version ${version}`, fields);
        return { kind: 'loaded', version, loaded };
      } catch (thrown) {
        const error = toInferenceError(thrown);
        const again = left > 0 ? `; ${left} more ${left === 1 ? 'attempt' : 'attempts'}` : '';
        log.error(`failed to load '${name}' version ${version}: ${error.describe()}${again}`, fields);
        if (left <= 0) return { kind: 'failed', version, error };
      }
    }
  }

  async #open(wanted: Wanted, version: number, shares: Shares): Promise<ModelVersion> {
    const { config, folder, placeOf } = wanted;
    const { heapLimitMb, batching, threadDefaults, namespacing } = this.#options;
    const { clock, ledger } = this.#parts;
    const beginUs = clock.nowUs();
    folder.retain();
    try {
      const modelFile = await locateModelFile(config, folder.path, version);
      const loaded = await ModelVersion.load(
        {
          config: await completeVersion({ config, modelFile, placeOf }, this.context),
          version,
          folder: folder.path,
          modelFile,
          onHealthChanged: this.#onHealthChanged,
          ...shares,
          ...(batching === undefined ? {} : { batching }),
          defaultInterOpThreads: threadDefaults?.interOpThreads,
          ...(heapLimitMb === undefined ? {} : { heapLimitMb }),
        },
        this.#parts,
      );
      this.#folders.set(loaded, folder);
      const namespace = namespacing === true ? (wanted.repository ?? '') : undefined;
      ledger?.opened(loaded, { namespace, loadSecs: (clock.nowUs() - beginUs) / 1e6 });
      return loaded;
    } catch (error) {
      await folder.release();
      throw error;
    }
  }

  /** A version that cannot answer all that it has in time fails what waits; the result prevents that. */
  #limitDrain(loaded: ModelVersion): () => void {
    const { drainMs } = this.#options;
    const { clock, log } = this.#parts;
    if (drainMs === undefined) return () => {};
    return clock.afterIfAlive(drainMs, () => {
      const { config, version, inFlightCount } = loaded;
      const subject = `'${config.name}' version ${version}`;
      log.warning(
        `${subject} has ${inFlightCount} in-flight inferences ${drainMs / 1000} s after it was to be unloaded: those that wait are refused`,
      );
      loaded.failWaiting(
        new InferenceError('unavailable', `${subject} was unloaded while the request waited`),
      );
    });
  }

  async #close(loaded: ModelVersion): Promise<void> {
    const drop = this.#limitDrain(loaded);
    await loaded.close();
    drop();
    this.#parts.ledger?.closed(loaded);
    const folder = this.#folders.get(loaded);
    this.#folders.delete(loaded);
    await folder?.release();
    const { version, config } = loaded;
    this.#parts.log.info(`successfully unloaded '${config.name}' version ${version}`, {
      model: config.name,
      version,
    });
  }
}
