import { Worker } from 'node:worker_threads';
import { memoryBytes, never, originUs, places, toStamp } from './alarm-memory.js';

/**
 * Limits of the thread's heap. The small young generation saves a MiB or two; the old one, which holds less than 5 MiB,
 * is bounded with room to spare because Node 24 ends the whole process when a thread cannot start within its bound.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 32 };

/**
 * Rings on the event loop at one time that can be set anew at any moment, by a thread that sleeps until then: some tens
 * of microseconds late, where Node's own timers have steps of a millisecond.
 *
 * The thread starts with the first time that is set, never keeps the process alive, and costs nothing while no time is
 * set. Setting is a write to shared memory; the thread is woken only for a time that is earlier than its sleep's end.
 * Without the thread (it is starting, or could not start) nothing rings.
 */
export class Alarm {
  readonly #memory = new Int32Array(new SharedArrayBuffer(memoryBytes));
  readonly #originUs = originUs();
  readonly #ring: () => void;
  #started = false;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  get started(): boolean {
    return this.#started;
  }

  /** Rings at this time, which is within half an hour, in place of the one that was set before. */
  set(atUs: number): void {
    if (!this.#started) this.#start();
    const due = toStamp(atUs + this.#originUs);
    Atomics.store(this.#memory, places.due, due);
    // The thread announces its sleep and then reads `due`, so one of the two sees what the other wrote.
    const sleepsUntil = Atomics.load(this.#memory, places.sleepsUntil);
    if (sleepsUntil !== never && ((sleepsUntil - due) | 0) <= 0) return;
    Atomics.add(this.#memory, places.signals, 1);
    Atomics.notify(this.#memory, places.signals);
  }

  /** Rings no more, unless it is about to; the thread finds out when its sleep ends. */
  forget(): void {
    Atomics.store(this.#memory, places.due, never);
  }

  #start(): void {
    this.#started = true;
    this.#listen();
    try {
      const thread = new Worker(new URL('./alarm-thread.js', import.meta.url), {
        workerData: this.#memory.buffer,
        resourceLimits,
        execArgv: [],
      });
      thread.on('error', warn);
      thread.unref();
    } catch (error) {
      warn(error);
    }
  }

  /** Node wakes a thread for this in half the time that a message takes. */
  #listen(): void {
    for (;;) {
      const rung = Atomics.load(this.#memory, places.rings);
      const next = Atomics.waitAsync(this.#memory, places.rings, rung);
      if (!next.async) continue;
      void next.value.then(() => {
        this.#listen();
        // What is thrown there is an uncaught exception, as from a timer, and no rejection of this promise.
        queueMicrotask(this.#ring);
      });
      return;
    }
  }
}

function warn(error: unknown): void {
  process.emitWarning(`The thread for precise delays ended, they now take up to 2 ms more: ${String(error)}`);
}
