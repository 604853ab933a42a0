import { toSessionSettings } from '../config/parameters.js';
import { toBatchingSpec } from '../config/batching.js';
import { toModelSpec, type ModelSpec } from '../config/tensor-spec.js';
import { ModelInstanceGroup_Kind as Kind, type ModelConfig } from '../generated/model_config_pb.js';
import type { Clock } from '../inference/clock.js';
import { InferenceError, toInferenceError } from '../inference/error.js';
import type { Infer } from '../inference/infer.js';
import type { InferRequest } from '../inference/request.js';
import type { InferResponse } from '../inference/response.js';
import { ThreadInstance } from '../instances/instance.js';
import { InstancePool } from '../instances/pool.js';
import { createBatcher, type BatchingOptions } from '../scheduling/create-batcher.js';
import { Scheduler } from '../scheduling/scheduler.js';
import type { Log } from '../telemetry/log.js';
import type { Arena } from '../tensors/arena.js';
import type { Tensor } from '../tensors/tensor.js';
import { checkRequest } from './check.js';
import { classify } from './classification.js';
import { readLabels, type Labels } from './labels.js';
import { Statistics } from './statistics.js';

/** What a model version shares with all others of its server. */
export interface SharedParts {
  readonly clock: Clock;
  readonly arena: Arena;
  readonly log: Log;
}

export interface VersionSource {
  /** Called when the version has lost an instance or has one more again. */
  readonly onHealthChanged?: () => void;
  readonly config: ModelConfig;
  readonly version: number;
  /** The model's folder, where label files lie. */
  readonly folder: string;
  readonly modelFile: string;
  readonly batching?: BatchingOptions;
  /** For instances whose config names no number. */
  readonly defaultIntraOpThreads: number;
  /** A limit for each instance's JavaScript heap; Node's own when left out. */
  readonly heapLimitMb?: number;
}

/**
 * One loaded number of a model: it checks a request, has it scheduled and finishes the answer. It is
 * ready from the moment it exists until it is closed.
 */
export class ModelVersion {
  readonly version: number;
  readonly config: ModelConfig;
  readonly spec: ModelSpec;
  readonly statistics: Statistics;
  readonly #labels: Labels;
  readonly #pool: InstancePool;
  readonly #scheduler: Scheduler;

  private constructor(parts: {
    source: VersionSource;
    spec: ModelSpec;
    labels: Labels;
    pool: InstancePool;
    scheduler: Scheduler;
    statistics: Statistics;
  }) {
    this.version = parts.source.version;
    this.config = parts.source.config;
    this.spec = parts.spec;
    this.#labels = parts.labels;
    this.#pool = parts.pool;
    this.#scheduler = parts.scheduler;
    this.statistics = parts.statistics;
  }

  static async load(source: VersionSource, parts: SharedParts): Promise<ModelVersion> {
    const spec = toModelSpec(source.config);
    const labels = await readLabels(spec, source.folder);
    let scheduler: Scheduler | undefined;
    const pool = createPool({ ...source, spec }, parts, {
      onRecovered: () => scheduler?.pump(),
      onLost: (error) => scheduler?.failWaiting(error),
    });
    await pool.start();
    const statistics = new Statistics(Date.now);
    const options = source.batching ?? {};
    const batching = toBatchingSpec(source.config, options.delayMode);
    scheduler = new Scheduler({
      batcher: createBatcher(batching, spec, options),
      instances: pool,
      plan: { spec, outputs: pool.anyAlive()?.outputs ?? [] },
      source: { spec, version: source.version, arena: parts.arena },
      clock: parts.clock,
      recorder: statistics,
      ordered: batching?.preserveOrdering ?? false,
    });
    return new ModelVersion({ source, spec, labels, pool, scheduler, statistics });
  }

  /** Requests that wait or run. */
  get inFlightCount(): number {
    return this.#scheduler.inFlightCount;
  }

  /** Whether any instance could run a request now or after the one it runs. */
  get healthy(): boolean {
    return this.#pool.aliveCount > 0;
  }

  readonly infer: Infer = async (request: InferRequest): Promise<InferResponse> => {
    checkRequest(this.spec, request);
    const response = await this.#scheduler.infer(request);
    if (!request.outputs.some((output) => output.classificationCount > 0)) return response;
    try {
      return this.#withClasses(request, response);
    } catch (error) {
      const failure = toInferenceError(error);
      failure.executed = true;
      response.release();
      throw failure;
    }
  };

  /** From here on no request waits for company. */
  hurry(): void {
    this.#scheduler.hurry();
  }

  /** Takes no more requests, answers those it has, then ends its instances. */
  async close(): Promise<void> {
    await this.#scheduler.stop();
    await this.#pool.close();
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
    return { ...response, outputs };
  }
}

interface Place {
  readonly name: string;
  readonly gpu: number;
}

/** One place for each instance that the config's groups ask for. */
function listPlaces(config: ModelConfig): Place[] {
  return config.instanceGroup.flatMap((group) => {
    const devices = group.kind === Kind.GPU ? group.gpus : [-1];
    return devices.flatMap((gpu) =>
      Array.from({ length: group.count }, (_, index) => ({ name: `${group.name}_${index}`, gpu })),
    );
  });
}

export function countInstances(config: ModelConfig): number {
  return listPlaces(config).length;
}

interface PoolNews {
  readonly onRecovered: () => void;
  /** No instance is alive, and the attempt to start one has failed. */
  readonly onLost: (error: InferenceError) => void;
}

function createPool(
  source: VersionSource & { readonly spec: ModelSpec },
  { clock, log }: SharedParts,
  { onRecovered, onLost }: PoolNews,
): InstancePool<ThreadInstance> {
  const { config, spec, version, modelFile, heapLimitMb, onHealthChanged } = source;
  const session = toSessionSettings(config);
  const intraOpThreads = session.intraOpThreads ?? source.defaultIntraOpThreads;
  const places = listPlaces(config);
  const fields = { model: config.name, version };
  const pool = new InstancePool<ThreadInstance>(
    (index, onDeath) => {
      const { name, gpu } = places[index] ?? { name: config.name, gpu: -1 };
      return ThreadInstance.open(
        { name, modelFile, spec, session, intraOpThreads, gpu },
        { onDeath, heapLimitMb },
      );
    },
    {
      count: places.length,
      clock,
      events: {
        onDeath: (error) => {
          log.error(`${error.message}; starting a new one`, fields);
          onHealthChanged?.();
        },
        onRecovered: () => {
          log.info(`a new instance of '${config.name}' version ${version} has taken over`, fields);
          onRecovered();
          onHealthChanged?.();
        },
        onRetry: (error, retryMs) => {
          const reason = `could not start an instance of '${config.name}': ${toInferenceError(error).message}`;
          log.error(`${reason}; next try in ${retryMs} ms`, fields);
          if (pool.aliveCount === 0) onLost(new InferenceError('unavailable', reason, { cause: error }));
        },
      },
    },
  );
  return pool;
}
