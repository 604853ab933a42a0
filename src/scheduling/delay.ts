import type { DelayTuner } from './delay-tuner.js';

/**
 * How long a batch is held open for company, fed by the batcher: learnt by a DelayTuner, or exact. It has no
 * clock of its own; each call is told the time.
 */
export type Delay = Pick<
  DelayTuner,
  'batchSizeMax' | 'arrived' | 'handedOver' | 'ran' | 'answered' | 'holdUntilUs'
>;

/** The delay to the letter: the oldest waits as long as the config says, whatever the traffic. */
export function exactDelay({
  delayUs,
  batchSizeMax,
}: {
  readonly delayUs: number;
  readonly batchSizeMax: number;
}): Delay {
  return {
    batchSizeMax,
    arrived() {},
    handedOver() {},
    ran() {},
    answered() {},
    holdUntilUs: (_nowUs, _waiting, oldestUs) => oldestUs + delayUs,
  };
}
