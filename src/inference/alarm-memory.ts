import { nowUs } from './now.js';

/** What an alarm and its thread share: 32-bit words at these places. */
export const places = {
  /** Counts what the thread must hear of at once; it sleeps on this word. */
  signals: 0,
  /** When to ring, or `never`; the thread takes it away as it rings. */
  due: 1,
  /** Until when the thread sleeps if it is not signalled, or `never`. The thread announces it before it reads `due`. */
  sleepsUntil: 2,
  /** Counts the rings; the event loop's thread listens on this word. */
  rings: 3,
} as const;

export const memoryBytes = 4 * 4;

export const never = 0;

/** A time as 32 bits that wrap after 71 minutes: two of them compare by the sign of their difference. */
export function toStamp(machineUs: number): number {
  const stamp = Math.ceil(machineUs) | 0;
  return stamp === never ? 1 : stamp;
}

/** What `nowUs` lacks to the machine's own clock: each thread's `nowUs` begins at a time of its own. */
export function originUs(): number {
  let latestUs = 0;
  // Time that passes between the two readings makes the origin too early; the best of some tries loses least.
  for (let tries = 0; tries < 5; tries++) {
    const machineUs = Number(process.hrtime.bigint()) / 1000;
    latestUs = Math.max(latestUs, machineUs - nowUs());
  }
  return latestUs;
}
