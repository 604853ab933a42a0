import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import path from 'node:path';

/** Every instance stays behind the event loop, so that requests are taken in while instances compute. */
const leastNice = 1;

/** Enough for eight times as many; more would leave a model too little beside other programs of the machine. */
const mostNice = 10;

/**
 * How far the threads of a model version stay behind the event loop: so far that it gets about as much of
 * busy cores as the version that has the fewest, however many it has. A step is a factor of 1.25 on Linux.
 */
export function niceOf({ threadCount, fewest }: { threadCount: number; fewest: number }): number {
  const steps = Math.round(Math.log(Math.max(1, threadCount / Math.max(1, fewest))) / Math.log(1.25));
  return Math.min(mostNice, leastNice + steps);
}

/**
 * Puts the calling thread, and all threads that it starts from now on, behind the rest of the process.
 * Without an error: where threads have no priority of their own (other systems than Linux) nothing changes.
 */
export function lowerThreadPriority(nice: number, self = '/proc/thread-self'): void {
  try {
    const threadId = Number(path.basename(readlinkSync(self)));
    setPriority(threadId, Math.min(19, getPriority(process.pid) + nice));
  } catch {
    return;
  }
}
