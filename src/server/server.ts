import { InferenceError, invalidArgument } from '../inference/error.js';
import type { InferRequest } from '../inference/request.js';
import type { InferResponse } from '../inference/response.js';
import type { ModelVersion } from '../models/model-version.js';
import type { IndexEntry } from '../repository/listing.js';
import type { LoadOverride } from '../repository/override.js';
import type { Repository } from '../repository/repository.js';
import type { Log } from '../telemetry/log.js';
import { Admission } from './admission.js';
import { changeLogSettings, readLogSettings, type LogChange, type LogSettingValues } from './log-settings.js';
import { loadModel, unloadModel } from './model-control.js';
import { CudaRegions } from './cuda-memory.js';
import { inferInRegions } from './infer-in-regions.js';
import type { ServerLoad } from './metrics/server-families.js';
import { describeModel, type ModelMetadata } from './metadata.js';
import type { Regions } from './shared-memory.js';
import type { NamedSettings, TraceChanges } from './trace-settings.js';
import type { Traces } from './traces.js';
import { parseVersion } from './parse-version.js';
import { readStatistics, type VersionStatistics } from './statistics.js';

/** The Triton release whose behaviour is copied. */
export const tritonVersion = '2.73.0';

/** Only where clients may share memory. */
const sharedMemoryExtension = 'system_shared_memory';

/** The protocol extensions that work. */
const extensions = [
  'classification',
  'model_repository',
  'model_repository(unload_dependents)',
  'model_configuration',
  sharedMemoryExtension,
  'binary_tensor_data',
  'parameters',
  'statistics',
  'trace',
  'logging',
];

export interface ServerOptions {
  readonly id: string;
  readonly strictReadiness: boolean;
  readonly pendingBytesMax: number;
}

/** What the server is made of. */
export interface ServerParts {
  readonly repository: Repository;
  readonly regions: Regions;
  readonly log: Log;
  readonly traces: Traces;
}

export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

type ServerState =
  /** Models are being loaded. */
  | 'starting'
  /** The repository could not be read: there is nothing that could ever serve. */
  | 'failed'
  /** Serving. */
  | 'ready'
  /** Draining: no new work. */
  | 'exiting';

/** The protocol's verbs in domain nouns: what every front end calls, and none knows more of. */
export class Server {
  /** Which requests are traced: front ends ask it for each. */
  readonly traces: Traces;
  readonly #options: ServerOptions;
  readonly #repository: Repository;
  readonly #log: Log;
  readonly #admission: Admission;
  /** The clients' shared memory. */
  readonly regions: Regions;
  readonly cudaRegions: CudaRegions;
  readonly #watchers = new Set<() => void>();
  #state: ServerState = 'starting';

  constructor(options: ServerOptions, { repository, log, regions, traces }: ServerParts) {
    this.traces = traces;
    this.#options = options;
    this.#repository = repository;
    this.#log = log;
    this.regions = regions;
    this.cudaRegions = new CudaRegions(regions);
    this.#admission = new Admission(options.pendingBytesMax);
    repository.onReadinessChanged = () => this.#tellWatchers();
  }

  get metadata(): ServerMetadata {
    const working = extensions.filter((name) => name !== sharedMemoryExtension || this.regions.enabled);
    return { name: this.#options.id, version: tritonVersion, extensions: working };
  }

  /**
   * Loads all models; true if all of them serve. The server is live and answers afterwards either way,
   * unless the repository itself could not be read, which is thrown.
   */
  async start(): Promise<boolean> {
    try {
      const complete = await this.#repository.loadAll();
      this.#setState('ready');
      return complete;
    } catch (error) {
      this.#setState('failed');
      throw error;
    }
  }

  /** From here on no request waits for company: the server is about to leave. */
  hurry(): void {
    this.#repository.hurry();
  }

  /** From here on health says that the server is leaving, and no request is taken. */
  beginExit(): void {
    this.#setState('exiting');
  }

  /** Waits for the requests in flight, then unloads all models. */
  async close(): Promise<void> {
    this.beginExit();
    await this.#repository.close();
    await this.regions.close();
  }

  inFlight(): { model: string; version: number; count: number }[] {
    return this.#repository.inFlight();
  }

  /** What it holds now, for metrics. */
  get load(): ServerLoad {
    const versions = this.#repository.models.flatMap(({ name: model, versions }) =>
      versions.map(([version, { kind: state }]) => ({ model, version, state })),
    );
    const { pendingBytes } = this.#admission;
    return { pendingBytes, pendingBytesMax: this.#options.pendingBytesMax, versions };
  }

  live(): boolean {
    if (this.#state === 'exiting') throw new InferenceError('unavailable', 'Server exiting');
    return this.#state !== 'failed';
  }

  ready(): boolean {
    if (this.#state === 'exiting') throw new InferenceError('unavailable', 'Server exiting');
    return this.#state === 'ready' && (!this.#options.strictReadiness || this.#repository.allReady);
  }

  /** Calls back whenever `ready` may have changed; the result ends that. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  modelReady(name: string, version: string): boolean {
    const number = parseVersion(version);
    this.#refuseBeforeReady();
    let picked: ModelVersion;
    try {
      picked = this.#repository.pick(name, number);
    } catch (error) {
      if (error instanceof InferenceError) return false;
      throw error;
    }
    this.#refuseUnlessReady();
    return picked.healthy;
  }

  /** The version that answers for a name and the version text of a request. */
  pick(name: string, version: string): ModelVersion {
    const number = parseVersion(version);
    this.#refuseBeforeReady();
    return this.#repository.pick(name, number);
  }

  /** What a model takes and gives; the versions are the one asked for, or all that are ready. */
  modelMetadata(name: string, version: string): ModelMetadata {
    const picked = this.pick(name, version);
    const ready = version === '' ? this.#repository.find(name)?.readyVersions : undefined;
    return describeModel(name, picked, ready ?? [picked]);
  }

  async infer(model: ModelVersion, request: InferRequest): Promise<InferResponse> {
    const { regions } = request;
    let bytes = 0;
    try {
      bytes = this.#admit(model, request);
      if (regions === undefined) return await model.infer(request);
      return await inferInRegions(model.infer, request, regions);
    } finally {
      this.#admission.leave(bytes);
      regions?.release();
    }
  }

  #admit(model: ModelVersion, request: InferRequest): number {
    try {
      return this.#admission.enter(request);
    } catch (error) {
      model.statistics.recordRefusal('pending_bytes');
      throw error;
    }
  }

  async index(repositoryName: string, onlyReady: boolean): Promise<IndexEntry[]> {
    if (repositoryName !== '') {
      throw new InferenceError('unsupported', "'repository_name' specification is not supported");
    }
    this.#refuseUnlessReady();
    return this.#repository.index(onlyReady);
  }

  /** Whether models are loaded and unloaded by calls. */
  get takesLoads(): boolean {
    return this.#repository.control === 'explicit';
  }

  /** Loads a model, or loads it anew; resolves when all of its chosen versions serve. */
  async loadModel(name: string, override: LoadOverride = {}): Promise<void> {
    this.#refuseUnlessReady();
    await loadModel(this.#repository, name, override);
  }

  /** Unloads a model; resolves when it takes no more requests. */
  async unloadModel(name: string): Promise<void> {
    this.#refuseUnlessReady();
    await unloadModel(this.#repository, name);
  }

  /** What the ready versions have done: one of a model, all of it, or all that there are for an empty name. */
  statistics(name: string, version: string): VersionStatistics[] {
    const number = parseVersion(version);
    this.#refuseUnlessReady();
    return readStatistics(this.#repository, name, number);
  }

  /** What the log writes, and how. */
  get logSettings(): LogSettingValues {
    return readLogSettings(this.#log);
  }

  /** Changes what the log writes from the next line on. */
  changeLogSettings(change: LogChange): void {
    changeLogSettings(this.#log, change);
  }

  /** The settings of traces of a model, or of all for an empty name, once the changes are made. */
  traceSettings(model: string, changes: TraceChanges = {}): NamedSettings {
    if (model !== '' && !this.#known(model)) throw invalidArgument(`Request for unknown model : ${model}`);
    return this.traces.update(model, changes);
  }

  /** Whether a version of the model could answer now. */
  #known(model: string): boolean {
    try {
      return this.#repository.pick(model, undefined).healthy;
    } catch {
      return false;
    }
  }

  #refuseUnlessReady(): void {
    if (this.#state !== 'ready') throw new InferenceError('unavailable', 'Server not ready');
  }

  #refuseBeforeReady(): void {
    if (this.#state === 'ready' || this.#state === 'exiting') return;
    throw new InferenceError('unavailable', 'Server not ready');
  }

  #setState(state: ServerState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#tellWatchers();
  }

  #tellWatchers(): void {
    for (const changed of this.#watchers) changed();
  }
}
