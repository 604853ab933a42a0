import { readlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { workerData } from 'node:worker_threads';
import { memoryBytes, never, originUs, places, toStamp } from './alarm-memory.js';
import { nowUs } from './now.js';

/**
 * The code of an alarm's thread: sleeps until the time that the shared memory names, rings, and sleeps for good while
 * it names none. It never ends by itself.
 */
if (!(workerData instanceof SharedArrayBuffer && workerData.byteLength === memoryBytes)) {
  throw new Error('alarm-thread.ts runs as the thread of an Alarm. This is a bug.');
}
const memory = new Int32Array(workerData);
const origin = originUs();

function leftUs(stamp: number): number {
  return (stamp - toStamp(nowUs() + origin)) | 0;
}

/** Linux ends the sleeps of a thread up to 50 µs late, to end several at once, unless the thread asks for better. */
function sleepSharply(): void {
  try {
    const thread = path.basename(readlinkSync('/proc/thread-self'));
    writeFileSync(`/proc/${thread}/timerslack_ns`, '1');
  } catch {
    // Another system, or a container that forbids it: the alarm's lead grows by as much.
  }
}

function ring(stamp: number): void {
  // Another time may have been set meanwhile: then that one counts.
  if (Atomics.compareExchange(memory, places.due, stamp, never) !== stamp) return;
  Atomics.add(memory, places.rings, 1);
  Atomics.notify(memory, places.rings);
}

sleepSharply();
let announced = never;
for (;;) {
  const signals = Atomics.load(memory, places.signals);
  Atomics.store(memory, places.sleepsUntil, announced);
  const due = Atomics.load(memory, places.due);
  const sleepUs = due === never ? Infinity : leftUs(due);
  if (sleepUs <= 0) ring(due);
  // What was announced must hold before this thread sleeps: whoever sets an earlier time relies on it.
  else if (due !== announced) announced = due;
  else Atomics.wait(memory, places.signals, signals, sleepUs / 1000);
}
