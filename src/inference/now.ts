import { WallClock } from '../telemetry/wall-clock.js';

/** So often the two clocks are read: in one of them nothing came between. */
const readings = 20;

/**
 * Where `performance.now` of this thread begins on the clock that all threads of the process share. It is read
 * behind that clock, so what comes between the two makes the result smaller: the largest is the right one.
 */
function findBeginUs(): number {
  let beganUs = -Infinity;
  for (let reading = 0; reading < readings; reading++) {
    const [secs, ns] = process.hrtime();
    beganUs = Math.max(beganUs, secs * 1e6 + ns / 1e3 - performance.now() * 1000);
  }
  return beganUs;
}

const beganUs = findBeginUs();

/** Microseconds of a clock that never runs backwards, the same in every thread of the process. */
export function nowUs(): number {
  return beganUs + performance.now() * 1000;
}

/** A time in milliseconds since 1970 on this process's clock; Infinity, which is no time, stays what it is. */
export function fromWallMs(wallMs: number): number {
  return wallMs === Infinity ? Infinity : nowUs() + (wallMs - Date.now()) * 1000;
}

const wallClock = new WallClock();

/** What is to be added to a time of this process's clock to count from 1970, as the system's clock is set now. */
export function wallOffsetUs(): number {
  const timerMs = performance.now();
  return wallClock.nowUs(Date.now(), timerMs) - (beganUs + timerMs * 1000);
}
