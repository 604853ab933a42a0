import { toSessionSettings } from '../config/parameters.js';
import type { Clock } from '../inference/clock.js';
import { InferenceError, toInferenceError } from '../inference/error.js';
import { InstancePool } from '../instances/pool.js';
import type { Log } from '../telemetry/log.js';
import { listPlaces } from './instance-places.js';
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

/** The instances of one version, not yet started; what happens to them later is logged. */
export function createPool(
  source: PoolSource,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  { onRecovered, onLost }: PoolNews,
): InstancePool {
  const { config, version, onHealthChanged } = source;
  const places = listPlaces(config);
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
  return pool;
}
