import { toSessionSettings } from '../config/parameters.js';
import type { ModelConfig } from '../generated/model_config_pb.js';
import type { Clock } from '../inference/clock.js';
import { InferenceError, toInferenceError } from '../inference/error.js';
import { InstancePool } from '../instances/pool.js';
import type { Log } from '../telemetry/log.js';
import { listPlaces, type Place } from './instance-places.js';
import { openerFor, type InstanceSource } from './open-instance.js';
import type { WarmUp } from './warmup.js';

/** The version whose instances shall run. */
export interface PoolSource extends InstanceSource {
  /** Called when the version has lost an instance or has one more again. */
  readonly onHealthChanged?: () => void;
}

/** What whoever uses a pool of instances hears of it. */
export interface PoolNews {
  readonly onRecovered: () => void;
  /** No instance is alive, and the attempt to start one has failed. */
  readonly onLost: (error: InferenceError) => void;
}

/** The instances of one version, and how they become others while they serve. */
export interface VersionPool {
  readonly pool: InstancePool;
  /**
   * Starts the instances that a config asks for and that are not there, then lets those go that it does not ask
   * for; what is alike stays. If one cannot be started all is as it was, and the error is the result.
   */
  adopt(config: ModelConfig): Promise<void>;
}

/** The instances of one version, not yet started; what happens to them later is logged. */
export function createPool(
  source: PoolSource,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  { onRecovered, onLost }: PoolNews,
): VersionPool {
  const { config, version, onHealthChanged } = source;
  const places: (Place | undefined)[] = listPlaces(config);
  const fields = { model: config.name, version };
  for (const [key, value] of Object.entries(toSessionSettings(config).entries)) {
    log.info(`Configuring '${key}' to '${value}' for '${config.name}'`, fields);
  }
  const onSlow = (index: number): void => {
    pool.renew(index).then(onRecovered, (error: unknown) => {
      const reason = toInferenceError(error).message;
      log.error(
        `could not start a thread for '${config.name}', which stays on the event loop: ${reason}`,
        fields,
      );
    });
  };
  const stop = (): boolean => pool.closing;
  const warmUp: WarmUp = (instance) => source.warmUp(instance, stop);
  const pool = new InstancePool(openerFor({ ...source, warmUp }, places, { log, onSlow }), {
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
  return { pool, adopt: (wanted) => adopt(wanted, places, pool) };
}

/** The places that are in use, by their number, are the ones that are not undefined. */
async function adopt(config: ModelConfig, places: (Place | undefined)[], pool: InstancePool): Promise<void> {
  const surplus = places.flatMap((place, index) => (place === undefined ? [] : [index]));
  const added: number[] = [];
  for (const wanted of listPlaces(config)) {
    const at = surplus.findIndex((index) => places[index]?.kind === wanted.kind);
    if (at >= 0) surplus.splice(at, 1);
    else added.push(places.push(wanted) - 1);
  }
  try {
    await pool.grow(added);
  } catch (error) {
    for (const index of added) places[index] = undefined;
    throw error;
  }
  for (const index of surplus) places[index] = undefined;
  await pool.shrink(surplus);
}
