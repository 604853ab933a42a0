import PQueue from 'p-queue';
import { describeProblem } from '../config/problem.js';
import { chooseVersions } from '../config/version-policy.js';
import { InferenceError, toInferenceError } from '../inference/error.js';
import { Model, type VersionState } from '../models/model.js';
import { ModelVersion, type SharedParts, type VersionSource } from '../models/model-version.js';
import type { BatchingOptions } from '../scheduling/create-batcher.js';
import { completeVersion, type CompletionContext } from './complete-version.js';
import { defaultConfigOptions, type ConfigOptions } from './config-options.js';
import { isFolder, readRepository, type ModelLayout } from './layout.js';
import { locateModelFile, readConfig } from './model-files.js';
import { logConfigNotes } from './notes.js';
import {
  chooseIntraOpThreads,
  countFewestThreads,
  logThreads,
  type Chosen,
  type ThreadDefaults,
} from './threads.js';

export interface RepositoryOptions {
  readonly folders: readonly string[];
  /** How many versions are loaded at once. */
  readonly loadConcurrency: number;
  readonly coreCount: number;
  readonly gpus: readonly number[];
  readonly batching?: BatchingOptions;
  readonly threadDefaults?: ThreadDefaults;
  readonly configs?: ConfigOptions;
  /** A limit for each instance's JavaScript heap; Node's own when left out. */
  readonly heapLimitMb?: number;
}

/** One line of the repository index. */
export interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly reason: string;
}

/** A model whose config was read and found right, and the versions of it that shall serve. */
interface Wanted extends Chosen {
  readonly layout: ModelLayout;
}

/** What all versions that are loaded share the cores by. */
type Shares = Pick<VersionSource, 'defaultIntraOpThreads' | 'fewestThreads'>;

const duplicate = 'model appears in two or more repositories';

const stateNames = { loading: 'LOADING', ready: 'READY', unloading: 'UNLOADING', unavailable: 'UNAVAILABLE' };

/**
 * The models of one or more folders. All are tried; each that fails is logged with its reason and what
 * mends it, and stays known as unavailable, while the others serve.
 */
export class Repository {
  readonly #options: RepositoryOptions;
  readonly #parts: SharedParts;
  readonly #models = new Map<string, Model>();
  /** Models that have no version to be unavailable, by name. */
  readonly #withoutVersions = new Map<string, string>();

  /** Called when `allReady` may have changed after the load. */
  onReadinessChanged: (() => void) | undefined = undefined;

  constructor(options: RepositoryOptions, parts: SharedParts) {
    this.#options = options;
    this.#parts = parts;
  }

  get models(): readonly Model[] {
    return [...this.#models.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Whether everything known serves. */
  get allReady(): boolean {
    if (this.#withoutVersions.size > 0) return false;
    return this.models.every(({ versions }) =>
      versions.every(([, state]) => state.kind === 'ready' && state.loaded.healthy),
    );
  }

  pick(name: string, version: number | undefined): ModelVersion {
    const model = this.#models.get(name);
    if (model === undefined) {
      throw new InferenceError('not-found', `Request for unknown model: '${name}' is not found`);
    }
    return model.pick(version);
  }

  find(name: string): Model | undefined {
    return this.#models.get(name);
  }

  index(onlyReady: boolean): IndexEntry[] {
    const versioned = this.models.flatMap(({ name, versions }) =>
      versions.map(([version, state]) => toIndexEntry(name, version, state)),
    );
    const bare = [...this.#withoutVersions].map(([name, reason]) => ({
      name,
      version: '',
      state: 'UNAVAILABLE',
      reason,
    }));
    const entries = [...versioned, ...bare].sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
    // A name that two folders have is told of in any case, as Triton does.
    return onlyReady
      ? entries.filter(({ state, reason }) => state === 'READY' || reason === duplicate)
      : entries;
  }

  /** Loads every model that lies in the folders; true if all of them serve. */
  async loadAll(): Promise<boolean> {
    const layouts = await this.#readFolders();
    const queue = new PQueue({ concurrency: this.#options.loadConcurrency });
    const wanted = (await queue.addAll(layouts.map((layout) => () => this.#want(layout)))).filter(
      (one) => one !== undefined,
    );
    const { coreCount, threadDefaults } = this.#options;
    const intraOpThreads = chooseIntraOpThreads(wanted, coreCount, threadDefaults);
    const shares = {
      defaultIntraOpThreads: intraOpThreads,
      fewestThreads: countFewestThreads(wanted, intraOpThreads),
    };
    await queue.addAll(
      wanted.flatMap((one) => one.versions.map((version) => () => this.#load(one, version, shares))),
    );
    logThreads(
      wanted.map(({ config, versions }) => ({
        config,
        versions: versions.filter((n) => this.#isReady(config.name, n)),
      })),
      { coreCount, intraOpThreads },
      this.#parts.log,
    );
    return this.allReady;
  }

  #isReady(name: string, version: number): boolean {
    return this.find(name)?.readyVersions.some((ready) => ready.version === version) ?? false;
  }

  /** From here on no request waits for company. */
  hurry(): void {
    for (const model of this.models) for (const version of model.readyVersions) version.hurry();
  }

  /** Unloads everything, each version after the requests that it has. */
  async close(): Promise<void> {
    await Promise.all(
      this.models.flatMap((model) => model.readyVersions.map((version) => this.#unload(model, version))),
    );
  }

  /** Requests that wait or run, over all models. */
  inFlight(): { model: string; version: number; count: number }[] {
    return this.models.flatMap(({ name, versions }) =>
      versions.flatMap(([version, state]) =>
        state.kind === 'ready' || state.kind === 'unloading'
          ? [{ model: name, version, count: state.loaded.inFlightCount }]
          : [],
      ),
    );
  }

  async #readFolders(): Promise<ModelLayout[]> {
    const { log } = this.#parts;
    const byName = new Map<string, ModelLayout[]>();
    for (const folder of this.#options.folders) {
      if (!(await isFolder(folder))) {
        throw new InferenceError('invalid-argument', `repository path is not a valid directory: '${folder}'`);
      }
      for (const layout of await readRepository(folder, log)) {
        byName.set(layout.name, [...(byName.get(layout.name) ?? []), layout]);
      }
    }
    const unique: ModelLayout[] = [];
    for (const [name, [first, ...others]] of byName) {
      if (first !== undefined && others.length === 0) {
        unique.push(first);
        continue;
      }
      this.#withoutVersions.set(name, duplicate);
      const places = [first, ...others].flatMap((one) => (one === undefined ? [] : [`'${one.folder}'`]));
      log.error(
        `failed to load '${name}': ${duplicate}: ${places.join(', ')}. To mend it: keep one of them`,
        {
          model: name,
        },
      );
    }
    return unique;
  }

  /** Reads what a model wants to be; one that cannot be read becomes unavailable with the reason. */
  async #want(layout: ModelLayout): Promise<Wanted | undefined> {
    const { log } = this.#parts;
    try {
      const { config, problems } = await readConfig(layout, this.#configContext());
      const [first, ...others] = problems;
      if (first !== undefined) {
        this.#refuse(layout, new InferenceError(first.code, describeProblem(first)));
        for (const other of others) {
          log.error(`also wrong with '${layout.name}': ${describeProblem(other)}`, { model: layout.name });
        }
        return undefined;
      }
      const { chosen, missing } = chooseVersions(config, layout.versions);
      for (const version of missing) {
        log.error(
          `version ${version} is specified for model '${layout.name}', but the version directory is not present`,
        );
      }
      logConfigNotes(config, log);
      const model = this.#model(layout.name);
      for (const version of chosen) model.set(version, { kind: 'loading' });
      return { layout, config, versions: chosen };
    } catch (error) {
      this.#refuse(layout, toInferenceError(error));
      return undefined;
    }
  }

  #configContext(): CompletionContext {
    const { gpus, configs = defaultConfigOptions } = this.#options;
    return { gpus, configs, log: this.#parts.log };
  }

  #refuse(layout: ModelLayout, error: InferenceError): void {
    this.#parts.log.error(`failed to load '${layout.name}': ${error.describe()}`, { model: layout.name });
    const reason = error.describe();
    if (layout.versions.length === 0) this.#withoutVersions.set(layout.name, reason);
    const model = this.#model(layout.name);
    for (const version of layout.versions) model.set(version, { kind: 'unavailable', reason });
  }

  #model(name: string): Model {
    let model = this.#models.get(name);
    if (model === undefined) {
      model = new Model(name);
      this.#models.set(name, model);
    }
    return model;
  }

  async #load({ layout, config }: Wanted, version: number, shares: Shares): Promise<void> {
    const { log } = this.#parts;
    const model = this.#model(layout.name);
    const fields = { model: layout.name, version };
    log.info(`loading: ${layout.name}:${version}`, fields);
    try {
      const { heapLimitMb, batching, threadDefaults } = this.#options;
      const modelFile = await locateModelFile(config, layout.folder, version);
      const loaded = await ModelVersion.load(
        {
          config: await completeVersion({ config, modelFile }, this.#configContext()),
          version,
          folder: layout.folder,
          modelFile,
          onHealthChanged: () => this.onReadinessChanged?.(),
          ...shares,
          ...(batching === undefined ? {} : { batching }),
          defaultInterOpThreads: threadDefaults?.interOpThreads,
          ...(heapLimitMb === undefined ? {} : { heapLimitMb }),
        },
        this.#parts,
      );
      model.set(version, { kind: 'ready', loaded });
      log.info(`successfully loaded '${layout.name}' version ${version}`, fields);
    } catch (error) {
      const reason = toInferenceError(error).describe();
      model.set(version, { kind: 'unavailable', reason });
      log.error(`failed to load '${layout.name}' version ${version}: ${reason}`, fields);
    }
  }

  async #unload(model: Model, loaded: ModelVersion): Promise<void> {
    model.set(loaded.version, { kind: 'unloading', loaded });
    await loaded.close();
    model.set(loaded.version, { kind: 'unavailable', reason: 'unloaded' });
    this.#parts.log.info(`successfully unloaded '${model.name}' version ${loaded.version}`);
  }
}

function toIndexEntry(name: string, version: number, state: VersionState): IndexEntry {
  const reason = state.kind === 'unavailable' ? state.reason : '';
  return { name, version: String(version), state: stateNames[state.kind], reason };
}
