import { toSessionSettings } from '../config/parameters.js';
import { describeProblem } from '../config/problem.js';
import type { ModelSpec } from '../config/tensor-spec.js';
import type { ModelConfig } from '../generated/model_config_pb.js';
import type { Clock } from '../inference/clock.js';
import { InferenceError, toInferenceError } from '../inference/error.js';
import { ThreadInstance } from '../instances/instance.js';
import { InstancePool, type OpenInstance } from '../instances/pool.js';
import { niceOf } from '../instances/priority.js';
import { SharedWeights } from '../instances/shared-weights.js';
import type { Log } from '../telemetry/log.js';
import { listPlaces, type Place } from './instance-places.js';

/** The version whose instances shall run. */
export interface PoolSource {
  /** Called when the version has lost an instance or has one more again. */
  readonly onHealthChanged?: () => void;
  readonly config: ModelConfig;
  readonly spec: ModelSpec;
  readonly version: number;
  readonly modelFile: string;
  /** For instances whose config names no number. */
  readonly defaultIntraOpThreads: number;
  readonly defaultInterOpThreads?: number | undefined;
  /** Threads of the version of any model that has the fewest; those that have more give way to it. */
  readonly fewestThreads?: number | undefined;
  /** A limit for each instance's JavaScript heap; Node's own when left out. */
  readonly heapLimitMb?: number;
}

/** What whoever uses a pool of instances hears of it. */
export interface PoolNews {
  readonly onRecovered: () => void;
  /** No instance is alive, and the attempt to start one has failed. */
  readonly onLost: (error: InferenceError) => void;
}

/** The instances of one version, not yet started; what happens to them later is logged. */
export function createPool(
  source: PoolSource,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  { onRecovered, onLost }: PoolNews,
): InstancePool<ThreadInstance> {
  const { config, version, onHealthChanged } = source;
  const places = listPlaces(config);
  const fields = { model: config.name, version };
  const pool = new InstancePool<ThreadInstance>(openerFor(source, places), {
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
  });
  return pool;
}

/** Starts the instance of a place; where weights are shared, from the form that all of them open. */
function openerFor(source: PoolSource, places: readonly Place[]): OpenInstance<ThreadInstance> {
  const { config, spec, modelFile, heapLimitMb } = source;
  const named = toSessionSettings(config);
  const session = { ...named, interOpThreads: named.interOpThreads ?? source.defaultInterOpThreads };
  const threadsOf = (place: Place): number => place.intraOpThreads ?? source.defaultIntraOpThreads;
  const threadCount = places.reduce((sum, place) => sum + threadsOf(place), 0);
  const nice = niceOf({ threadCount, fewest: source.fewestThreads ?? threadCount });
  const shared = new SharedWeights(async (folder) => {
    const model = { name: config.name, modelFile, spec, session, intraOpThreads: 1, nice, gpu: -1 };
    const writer = await ThreadInstance.open({ ...model, shareIn: folder }, { onDeath() {}, heapLimitMb });
    await writer.close();
  });
  return (index, onDeath) => {
    const place = places[index];
    if (place === undefined) throw new Error(`There is no place ${index} for an instance. This is a bug.`);
    const { name, gpu } = place;
    const model = { name, modelFile, spec, session, intraOpThreads: threadsOf(place), nice, gpu };
    if (!session.shareWeights) return ThreadInstance.open(model, { onDeath, heapLimitMb });
    return shared.open((file) =>
      ThreadInstance.open({ ...model, modelFile: file, shared: true }, { onDeath, heapLimitMb }).catch(
        (error: unknown) => {
          const message = `the weights of model '${config.name}' cannot be shared: ${toInferenceError(error).message}`;
          const remedy = "remove its parameter 'nereid.share_weights'";
          throw new InferenceError('unsupported', describeProblem({ message, remedy }), { cause: error });
        },
      ),
    );
  };
}
