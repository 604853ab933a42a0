/** Time as an argument: microseconds of a clock that never runs backwards, and calls at a later time. */
export interface Clock {
  nowUs(): number;
  /** Calls back once, about `delayMs` from now; the result prevents that. */
  after(delayMs: number, call: () => void): () => void;
}

/** The longest delay that Node's timers take; they would end a longer one at once. */
const longestDelayMs = 2 ** 31 - 1;

export const monotonicClock: Clock = {
  nowUs: () => performance.now() * 1000,
  after(delayMs, call) {
    const timer = setTimeout(call, Math.min(delayMs, longestDelayMs));
    return () => clearTimeout(timer);
  },
};
