import { readlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

/** How the event loop's thread learns that the time has come. */
export type Wake = 'message' | 'waitAsync';

export interface SleeperData {
  /** A count of signals, the microseconds to sleep, a count of rings. */
  readonly memory: Int32Array;
  readonly wake: Wake;
  /** Whether to ask Linux for sleeps that end on time. */
  readonly sharp: boolean;
}

const { memory, wake, sharp } = workerData as SleeperData;
if (sharp) {
  writeFileSync(`/proc/${path.basename(readlinkSync('/proc/thread-self'))}/timerslack_ns`, '1');
}
parentPort?.postMessage('ready');
for (let signals = 0; ; signals++) {
  Atomics.wait(memory, 0, signals);
  // Nothing signals during this sleep, so that only its time ends it.
  Atomics.wait(memory, 0, signals + 1, Atomics.load(memory, 1) / 1000);
  Atomics.add(memory, 2, 1);
  Atomics.notify(memory, 2);
  if (wake === 'message') parentPort?.postMessage('woken');
}
