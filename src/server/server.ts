import { InferenceError } from '../inference/error.js';
import type { InferRequest } from '../inference/request.js';
import type { InferResponse } from '../inference/response.js';
import type { ModelVersion } from '../models/model-version.js';
import type { IndexEntry } from '../repository/listing.js';
import type { LoadOverride } from '../repository/override.js';
import type { Repository } from '../repository/repository.js';
import { Admission } from './admission.js';
import { loadModel, unloadModel } from './model-control.js';
import type { ServerLoad } from './metrics/server-families.js';
import { describeModel, type ModelMetadata } from './metadata.js';
import { readStatistics, type VersionStatistics } from './statistics.js';

/** The Triton release whose behaviour is copied. */
export const tritonVersion = '2.73.0';

/** The protocol extensions that work. */
const extensions = [
  'classification',
  'model_repository',
  'model_repository(unload_dependents)',
  'model_configuration',
  'binary_tensor_data',
  'parameters',
  'statistics',
];

export interface ServerOptions {
  readonly id: string;
  readonly strictReadiness: boolean;
  readonly pendingBytesMax: number;
}

/** What the server is made of. */
export interface ServerParts {
  readonly repository: Repository;
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
  readonly #options: ServerOptions;
  readonly #repository: Repository;
  readonly #admission: Admission;
  readonly #watchers = new Set<() => void>();
  #state: ServerState = 'starting';

  constructor(options: ServerOptions, { repository }: ServerParts) {
    this.#options = options;
    this.#repository = repository;
    this.#admission = new Admission(options.pendingBytesMax);
    repository.onReadinessChanged = () => this.#tellWatchers();
  }

  get metadata(): ServerMetadata {
    return { name: this.#options.id, version: tritonVersion, extensions };
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
    let bytes: number;
    try {
      bytes = this.#admission.enter(request);
    } catch (error) {
      model.statistics.recordRefusal('pending_bytes');
      throw error;
    }
    try {
      return await model.infer(request);
    } finally {
      this.#admission.leave(bytes);
    }
  }

  async index(repositoryName: string, onlyReady: boolean): Promise<IndexEntry[]> {
    if (repositoryName !== '') {
      throw new InferenceError('unsupported', "'repository_name' specification is not supported");
    }
    this.#refuseUnlessReady();
    return this.#repository.index(onlyReady);
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

/** A version text by Triton's rules: the leading integer counts; empty means none was asked for. */
export function parseVersion(text: string): number | undefined {
  if (text === '') return undefined;
  const [, sign = '', digits] = /^[ \t\n\v\f\r]*([+-]?)0*(\d+)/.exec(text) ?? [];
  // Twenty digits are out of range in any case; a client may send millions of them.
  const version = digits === undefined || digits.length > 19 ? undefined : BigInt(sign + digits);
  if (version === undefined || version !== BigInt.asIntN(64, version)) {
    throw new InferenceError(
      'invalid-argument',
      `failed to get model version from specified version string '${text}' (details: stol), version should be an integral value > 0`,
    );
  }
  if (version < 0n) {
    throw new InferenceError(
      'invalid-argument',
      `invalid model version specified '${text}' , version should be an integral value > 0`,
    );
  }
  return Number(version);
}
