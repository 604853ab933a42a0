import { exactDelay, type Delay } from '../../src/scheduling/delay.js';

/** Takes what waits as soon as an instance is idle. */
export function neverWait(batchSizeMax: number): Delay {
  return exactDelay({ batchSizeMax, delayUs: 0 });
}

/** Holds every batch that is not full until its oldest request has waited so long, as Triton does. */
export function exactWait(batchSizeMax: number, maxDelayUs: number): Delay {
  return exactDelay({ batchSizeMax, delayUs: maxDelayUs });
}
