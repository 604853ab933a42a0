import { Worker } from 'node:worker_threads';
import { createClock } from '../../src/inference/clock.js';
import { nowUs } from '../../src/inference/now.js';
import type { SleeperData, Wake } from './sleeper.js';

/** A way to wait for microseconds, one wait at a time. */
export interface Candidate {
  readonly name: string;
  wait(delayUs: number): Promise<void>;
}

/** What a timer of Node's may take beyond its delay. */
const timeoutMarginMs = 1;

export async function startCandidates(): Promise<Candidate[]> {
  const clock = createClock();
  return [
    { name: 'setTimeout', wait: (delayUs) => timeout(delayUs / 1000) },
    { name: 'setImmediate only', wait: (delayUs) => turnUntil(nowUs() + delayUs) },
    { name: 'setTimeout + setImmediate', wait: timeoutThenTurns },
    await startSleeper('thread, message', { wake: 'message', sharp: false }),
    await startSleeper('thread, waitAsync', { wake: 'waitAsync', sharp: false }),
    await startSleeper('thread, waitAsync, sharp', { wake: 'waitAsync', sharp: true }),
    {
      name: 'afterUs',
      wait: (delayUs) =>
        new Promise((resolve) => {
          clock.afterUs(delayUs, resolve);
        }),
    },
  ];
}

function timeout(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}

function turnUntil(dueUs: number): Promise<void> {
  return new Promise((resolve) => {
    const turn = (): void => void (nowUs() >= dueUs ? resolve() : setImmediate(turn));
    turn();
  });
}

async function timeoutThenTurns(delayUs: number): Promise<void> {
  const dueUs = nowUs() + delayUs;
  const wholeMs = Math.floor(delayUs / 1000) - timeoutMarginMs;
  if (wholeMs > 0) await timeout(wholeMs);
  await turnUntil(dueUs);
}

/** A thread that sleeps for each wait, without a lead and without turns of the event loop at the end. */
async function startSleeper(name: string, how: { wake: Wake; sharp: boolean }): Promise<Candidate> {
  const memory = new Int32Array(new SharedArrayBuffer(3 * 4));
  const data: SleeperData = { ...how, memory };
  const thread = new Worker(new URL('./sleeper.js', import.meta.url), { workerData: data });
  await new Promise((resolve) => {
    thread.once('message', resolve);
  });
  let woken = (): void => undefined;
  if (how.wake === 'message') thread.on('message', () => woken());
  // After the listener, which keeps the process alive.
  thread.unref();
  return {
    name,
    async wait(delayUs) {
      const rung = Atomics.waitAsync(memory, 2, Atomics.load(memory, 2)).value;
      const message = new Promise<void>((resolve) => (woken = resolve));
      // Neither keeps the process alive.
      const alive = setTimeout(() => undefined, 10_000);
      Atomics.store(memory, 1, delayUs);
      Atomics.add(memory, 0, 1);
      Atomics.notify(memory, 0);
      await (how.wake === 'message' ? message : rung);
      clearTimeout(alive);
    },
  };
}
