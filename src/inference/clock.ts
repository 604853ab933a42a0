import { nowUs } from './now.js';
import { PreciseTimer } from './precise-timer.js';

/** Time as an argument: microseconds of a clock that never runs backwards, and calls at a later time. */
export interface Clock {
  nowUs(): number;
  /** Calls back once, about `delayMs` from now, give or take a millisecond; the result prevents that. */
  after(delayMs: number, call: () => void): () => void;
  /** As `after`, but the process does not stay for it. */
  afterIfAlive(delayMs: number, call: () => void): () => void;
  /** Calls back once, `delayUs` from now or hardly later, never earlier by `nowUs`; the result prevents that. */
  afterUs(delayUs: number, call: () => void): () => void;
  /** Calls back once when this turn of the event loop has handled all reads that were ready. */
  endOfTurn(call: () => void): void;
}

/** The longest delay that Node's timers take; they would end a longer one at once. */
const longestDelayMs = 2 ** 31 - 1;

/** A clock of its own; its first precise wait starts a thread that lives as long as the process. */
export function createClock(): Clock {
  const timer = new PreciseTimer();
  return {
    nowUs,
    after(delayMs, call) {
      const timeout = setTimeout(call, Math.min(delayMs, longestDelayMs));
      return () => clearTimeout(timeout);
    },
    afterIfAlive(delayMs, call) {
      const timeout = setTimeout(call, Math.min(delayMs, longestDelayMs)).unref();
      return () => clearTimeout(timeout);
    },
    afterUs: (delayUs, call) => timer.after(delayUs, call),
    endOfTurn(call) {
      setImmediate(call);
    },
  };
}

/** The clock of this process. */
export const monotonicClock = createClock();
