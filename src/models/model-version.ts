import { withInstancesOf } from '../config/compare.js';
import { toBatchingSpec, type BatchingSpec } from '../config/batching.js';
import { toModelSpec, type ModelSpec } from '../config/tensor-spec.js';
import type { ModelConfig } from '../generated/model_config_pb.js';
import type { Clock } from '../inference/clock.js';
import { toInferenceError, type InferenceError } from '../inference/error.js';
import type { Infer } from '../inference/infer.js';
import type { InferRequest, RequestedOutput } from '../inference/request.js';
import type { InferResponse } from '../inference/response.js';
import type { BatchingReport } from '../scheduling/batching-report.js';
import { createBatcher, type BatchingOptions } from '../scheduling/create-batcher.js';
import { explainBatching } from '../scheduling/explain.js';
import { Scheduler } from '../scheduling/scheduler.js';
import type { Log } from '../telemetry/log.js';
import type { Arena } from '../tensors/arena.js';
import type { Tensor } from '../tensors/tensor.js';
import { startBatchingLog } from './batching-log.js';
import { checkRequest } from './check.js';
import { checkChecksums } from './checksums.js';
import { classify } from './classification.js';
import type { Ledger } from './ledger.js';
import { createPool, type PoolSource, type VersionPool } from './create-pool.js';
import { listPlaces } from './instance-places.js';
import { readLabels, type Labels } from './labels.js';
import { Statistics } from './statistics.js';
import type { CountedVersion, VersionWork } from './version-record.js';
import { prepareWarmUp } from './warmup.js';

/** What a model version shares with all others of its server. */
export interface SharedParts {
  readonly clock: Clock;
  readonly arena: Arena;
  readonly log: Log;
  /** Where metrics of versions are kept; absent when there are none. */
  readonly ledger?: Ledger;
}

export interface VersionSource extends Omit<PoolSource, 'spec' | 'warmUp'> {
  /** The model's folder, where label files, the data of its warm-up and files with a checksum lie. */
  readonly folder: string;
  readonly batching?: BatchingOptions;
}

/**
 * One loaded number of a model: it checks a request, has it scheduled and finishes the answer. It is
 * ready from the moment it exists until it is closed.
 */
export class ModelVersion implements CountedVersion {
  readonly version: number;
  readonly spec: ModelSpec;
  readonly statistics: Statistics;
  readonly #labels: Labels;
  readonly #instances: VersionPool;
  readonly #scheduler: Scheduler;
  readonly #clock: Clock;
  readonly #batchingSpec: BatchingSpec | undefined;
  readonly #endLog: () => void;
  #config: ModelConfig;

  private constructor(parts: {
    source: VersionSource;
    spec: ModelSpec;
    labels: Labels;
    instances: VersionPool;
    scheduler: Scheduler;
    statistics: Statistics;
    batching: BatchingSpec | undefined;
    shared: SharedParts;
  }) {
    this.version = parts.source.version;
    this.#config = parts.source.config;
    this.spec = parts.spec;
    this.#labels = parts.labels;
    this.#instances = parts.instances;
    this.#scheduler = parts.scheduler;
    this.statistics = parts.statistics;
    const { clock, log } = parts.shared;
    this.#clock = clock;
    this.#batchingSpec = parts.batching;
    this.#endLog = startBatchingLog({
      config: this.#config,
      version: this.version,
      log,
      clock,
      delayMode: parts.source.batching?.delayMode,
      report: (nowUs) => this.batching(nowUs),
    });
  }

  static async load(source: VersionSource, parts: SharedParts): Promise<ModelVersion> {
    await checkChecksums(source.config, source.folder);
    const spec = toModelSpec(source.config);
    const labels = await readLabels(spec, source.folder);
    const warmUp = await prepareWarmUp(source.config, { spec, folder: source.folder }, parts.log);
    let scheduler: Scheduler | undefined;
    const instances = createPool({ ...source, spec, warmUp }, parts, {
      onRecovered: () => scheduler?.pump(),
      onLost: (error) => scheduler?.failWaiting(error),
    });
    const { pool } = instances;
    await pool.start();
    const statistics = new Statistics(Date.now, parts.ledger?.observe(source.config));
    const options = source.batching ?? {};
    const batching = toBatchingSpec(source.config, options.delayMode);
    scheduler = new Scheduler({
      batcher: createBatcher(batching, spec, { ...options, instanceCount: pool.aliveCount }),
      instances: pool,
      plan: { spec, outputs: pool.anyAlive()?.outputs ?? [] },
      source: { spec, version: source.version, arena: parts.arena },
      clock: parts.clock,
      recorder: statistics,
      ordered: batching?.preserveOrdering ?? false,
    });
    return new ModelVersion({
      source,
      spec,
      labels,
      instances,
      scheduler,
      statistics,
      batching,
      shared: parts,
    });
  }

  /** Its config as it is used. */
  get config(): ModelConfig {
    return this.#config;
  }

  /** Requests that wait or run. */
  get inFlightCount(): number {
    return this.#scheduler.inFlightCount;
  }

  /** What the batcher does and has learnt. */
  batching(nowUs = this.#clock.nowUs()): BatchingReport {
    return this.#scheduler.batching(nowUs);
  }

  /** How its instances are and what they did. */
  get work(): VersionWork {
    const { pool } = this.#instances;
    const { oldestUs, busyUs } = this.#scheduler;
    const oldestAgeUs = oldestUs === undefined ? 0 : this.#clock.nowUs() - oldestUs;
    return { busyUs, oldestAgeUs, aliveCount: pool.aliveCount, restartCount: pool.restartCount };
  }

  /** Answers in a few sentences why nothing is batched, or how well it is. */
  explainBatching(): string[] {
    return explainBatching(this.batching(), { batching: this.#batchingSpec, model: this.spec });
  }

  /** The GPUs that its instances run on, each once. */
  get gpus(): readonly number[] {
    const gpus = listPlaces(this.#config).map(({ gpu }) => gpu);
    return [...new Set(gpus)].filter((gpu) => gpu >= 0);
  }

  /** Whether any instance could run a request now or after the one it runs. */
  get healthy(): boolean {
    return this.#instances.pool.aliveCount > 0;
  }

  readonly infer: Infer = (request: InferRequest): Promise<InferResponse> => {
    const startUs = this.#clock.nowUs();
    request.startUs = startUs;
    request.trace?.begin(startUs, request.inputs);
    try {
      checkRequest(this.spec, request);
    } catch (error) {
      this.statistics.recordRefusal('invalid');
      return Promise.reject(toInferenceError(error));
    }
    const answer = this.#scheduler.infer(request, startUs);
    return request.outputs.some(wantsClasses) ? this.#classify(request, answer) : answer;
  };

  async #classify(request: InferRequest, answer: Promise<InferResponse>): Promise<InferResponse> {
    const response = await answer;
    try {
      return this.#withClasses(request, response);
    } catch (error) {
      const failure = toInferenceError(error);
      failure.executed = true;
      response.release();
      throw failure;
    }
  }

  /** Goes on with a config that differs in instance groups and the version policy only; what runs is not disturbed. */
  async adopt(config: ModelConfig): Promise<void> {
    await this.#instances.adopt(config);
    this.#config = withInstancesOf(this.#config, config);
    this.#scheduler.pump();
  }

  /** From here on no request waits for company. */
  hurry(): void {
    this.#scheduler.hurry();
  }

  /** Fails what waits; what runs is answered. */
  failWaiting(error: InferenceError): void {
    this.#scheduler.failWaiting(error);
  }

  /** Takes no more requests, answers those it has, then ends its instances. */
  async close(): Promise<void> {
    this.#endLog();
    await this.#scheduler.stop();
    await this.#instances.pool.close();
  }

  #withClasses(request: InferRequest, response: InferResponse): InferResponse {
    const outputs = response.outputs.map((tensor): Tensor => {
      const classCount = request.outputs.find(({ name }) => name === tensor.name)?.classificationCount ?? 0;
      if (classCount === 0) return tensor;
      return classify(tensor, {
        classCount,
        batching: this.spec.maxBatchSize > 0,
        labels: this.#labels.get(tensor.name) ?? [],
      });
    });
    const { source, modelName, modelVersion } = response;
    return { source, modelName, modelVersion, outputs, release: () => response.release() };
  }
}

function wantsClasses({ classificationCount }: RequestedOutput): boolean {
  return classificationCount > 0;
}
