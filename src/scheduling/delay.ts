/** How long a batch is held open for company. Fed by the batcher; it has no clock of its own. */
export interface Delay {
  /** The largest batch to form; never more than the config allows. */
  readonly batchSizeMax: number;
  /** Samples came; `inSystem` of them, these included, wait or run. */
  arrived(nowUs: number, rows: number, inSystem: number): void;
  /** A batch left for an instance. */
  handedOver(nowUs: number, rows: number): void;
  /** It came back after so long. */
  ran(rows: number, tookUs: number, nowUs: number): void;
  /** A request was answered so long after it came. */
  answered(latencyUs: number): void;
  /**
   * An instance is idle and `waiting` samples wait, less than a batch may have, the oldest since `oldestUs`:
   * until when they are held. What is over means now.
   */
  holdUntilUs(nowUs: number, waiting: number, oldestUs: number): number;
}

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
