/** Where `performance.now` of this thread begins on the clock that all threads of the process share. */
const beganUs = process.hrtime().reduce((secs, ns) => secs * 1e6 + ns / 1e3) - performance.now() * 1000;

/** Microseconds of a clock that never runs backwards, the same in every thread of the process. */
export function nowUs(): number {
  return beganUs + performance.now() * 1000;
}

/** A time in milliseconds since 1970 on this process's clock; Infinity, which is no time, stays what it is. */
export function fromWallMs(wallMs: number): number {
  return wallMs === Infinity ? Infinity : nowUs() + (wallMs - Date.now()) * 1000;
}
