/** What decides how long an idle instance holds a batch that is not full; a DelayTuner is one. */
export interface DelayPolicy {
  readonly batchSizeMax: number;
  arrived(nowUs: number, rows: number, inSystem: number): void;
  handedOver(nowUs: number): void;
  ran(nowUs: number, batch: { rows: number; tookUs: number; inSystem: number }): void;
  answered(latencyUs: number): void;
  holdUntilUs(nowUs: number, waiting: number, oldestUs: number): number;
}

/** Takes what waits as soon as an instance is idle. */
export function neverWait(batchSizeMax: number): DelayPolicy {
  return fixedPolicy(batchSizeMax, 0);
}

/** Holds every batch that is not full until its oldest request has waited so long, as Triton does. */
export function exactWait(batchSizeMax: number, maxDelayUs: number): DelayPolicy {
  return fixedPolicy(batchSizeMax, maxDelayUs);
}

function fixedPolicy(batchSizeMax: number, delayUs: number): DelayPolicy {
  return {
    batchSizeMax,
    arrived() {},
    handedOver() {},
    ran() {},
    answered() {},
    holdUntilUs: (_nowUs, _waiting, oldestUs) => oldestUs + delayUs,
  };
}
