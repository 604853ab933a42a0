import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import path from 'node:path';

/** Every instance stays behind the event loop, so that requests are taken in while instances compute. */
const leastNice = 1;

/** Enough for eight threads; more would leave a large model too little beside other programs of the machine. */
const mostNice = 10;

/**
 * How far the instances of a model version stay behind the event loop: so far that all versions get about
 * equal shares of busy cores, however many threads they have. On Linux a step of `nice` is a factor of 1.25.
 */
export function niceOf(threadCount: number): number {
  const steps = Math.round(Math.log(Math.max(1, threadCount)) / Math.log(1.25));
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
