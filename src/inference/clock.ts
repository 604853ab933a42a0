/** Time as an argument: microseconds of a clock that never runs backwards. */
export interface Clock {
  nowUs(): number;
}

export const monotonicClock: Clock = {
  nowUs: () => performance.now() * 1000,
};
