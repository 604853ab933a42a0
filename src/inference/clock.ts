/** Time as an argument: microseconds of a clock that never runs backwards, and calls at a later time. */
export interface Clock {
  nowUs(): number;
  /** Calls back once, about `delayMs` from now; the result prevents that. */
  after(delayMs: number, call: () => void): () => void;
  /** As `after`, for waits of less than a few milliseconds. */
  afterUs(delayUs: number, call: () => void): () => void;
  /** Calls once when all that this turn of the event loop brings has been handled. */
  endOfTurn(call: () => void): void;
}

/** Where `performance.now` of this thread begins on the clock that all threads share. */
const beganUs = process.hrtime().reduce((secs, ns) => secs * 1e6 + ns / 1e3) - performance.now() * 1000;

/** Microseconds of a clock that never runs backwards, the same in every thread of the process. */
export function monotonicUs(): number {
  return beganUs + performance.now() * 1000;
}

/** The longest delay that Node's timers take; they would end a longer one at once. */
const longestDelayMs = 2 ** 31 - 1;

export const monotonicClock: Clock = {
  nowUs: monotonicUs,
  after(delayMs, call) {
    const timer = setTimeout(call, Math.min(delayMs, longestDelayMs));
    return () => clearTimeout(timer);
  },
  afterUs(delayUs, call) {
    const timer = setTimeout(call, Math.min(delayUs / 1000, longestDelayMs));
    return () => clearTimeout(timer);
  },
  endOfTurn: (call) => void setImmediate(call),
};
