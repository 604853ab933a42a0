import { lingerMs, type Limits } from './limits.js';

/** What a connection is at. */
export type Stage =
  /** It was opened and has sent nothing. */
  | 'fresh'
  /** A head has begun. */
  | 'head'
  /** A request is under way. */
  | 'busy'
  /** The rest of a body comes that nobody reads. */
  | 'rest'
  /** Bytes wait for the client to read them. */
  | 'sending'
  | 'idle'
  /** It was ended on our side. */
  | 'ending';

/** RFC 9112 §9.5: finds what stands still. It is asked every so often and reads no clock. */
export class Watch {
  readonly #limits: Limits;
  #stage: Stage = 'fresh';
  #mark = 0;
  #sinceMs: number;

  constructor(limits: Limits, nowMs: number) {
    this.#limits = limits;
    this.#sinceMs = nowMs;
  }

  /** Whether stage and mark have been the same for too long. */
  isOver(stage: Stage, mark: number, nowMs: number): boolean {
    if (stage !== this.#stage || mark !== this.#mark) {
      this.#stage = stage;
      this.#mark = mark;
      this.#sinceMs = nowMs;
      return false;
    }
    return nowMs - this.#sinceMs >= this.#mostMs(stage);
  }

  #mostMs(stage: Stage): number {
    const { receiveTimeoutMs, idleTimeoutMs, sendTimeoutMs } = this.#limits;
    switch (stage) {
      case 'fresh':
      case 'head':
      case 'rest':
        return receiveTimeoutMs;
      case 'sending':
        return sendTimeoutMs;
      case 'idle':
        return idleTimeoutMs === 0 ? Infinity : idleTimeoutMs;
      case 'busy':
        return Infinity;
      case 'ending':
        return lingerMs;
    }
  }
}
