import type { Clock } from '../inference/clock.js';
import { Recorder, type RecorderData } from './recorder.js';

/** Something that can be called; `done` says how the call ended, undefined meaning well. */
export interface Caller {
  call(done: (failure: string | undefined) => void): void;
}

/** When a load ends: no call starts after that, and those that run are waited for. */
export type Limit =
  | { readonly kind: 'duration'; readonly ms: number }
  | { readonly kind: 'count'; readonly count: number };

export interface LoadPlan {
  /** Calls that are open at any time. */
  readonly concurrency: number;
  readonly limit: Limit;
}

export interface LoadResult {
  readonly answeredCount: number;
  readonly failedCount: number;
  readonly elapsedMs: number;
  /** Of the calls that ended well. */
  readonly latency: RecorderData;
  /** How often each failure came; of many different ones the first few. */
  readonly failures: ReadonlyMap<string, number>;
}

const failureKindsMax = 20;

/** The part of a clock that is read, never waited for. */
export type Watch = Pick<Clock, 'nowUs'>;

/**
 * Drives callers in a closed loop: each of `concurrency` lanes makes its next call when its last one has
 * ended, lanes being spread evenly over the callers. A failed call is counted and the loop goes on.
 */
export function drive(callers: readonly Caller[], plan: LoadPlan, clock: Watch): Promise<LoadResult> {
  return new Promise((resolve) => new Drive(callers, { plan, clock, resolve }).start());
}

class Drive {
  readonly #callers: readonly Caller[];
  readonly #plan: LoadPlan;
  readonly #clock: Watch;
  readonly #resolve: (result: LoadResult) => void;
  readonly #latency = new Recorder();
  readonly #failures = new Map<string, number>();
  readonly #startUs: number;
  #startedCount = 0;
  #openCount = 0;
  #failedCount = 0;

  constructor(
    callers: readonly Caller[],
    parts: { plan: LoadPlan; clock: Watch; resolve: (result: LoadResult) => void },
  ) {
    this.#callers = callers;
    this.#plan = parts.plan;
    this.#clock = parts.clock;
    this.#resolve = parts.resolve;
    this.#startUs = parts.clock.nowUs();
  }

  start(): void {
    for (let lane = 0; lane < this.#plan.concurrency; lane++) this.#callFrom(lane);
    if (this.#openCount === 0) this.#end();
  }

  #callFrom(lane: number): void {
    const startUs = this.#clock.nowUs();
    const caller = this.#callers[lane % this.#callers.length];
    if (caller === undefined || this.#over(startUs)) return;
    this.#startedCount++;
    this.#openCount++;
    caller.call((failure) => {
      this.#openCount--;
      if (failure === undefined) this.#latency.record(this.#clock.nowUs() - startUs);
      else this.#countFailure(failure);
      this.#callFrom(lane);
      if (this.#openCount === 0) this.#end();
    });
  }

  #over(nowUs: number): boolean {
    const { limit } = this.#plan;
    return limit.kind === 'count'
      ? this.#startedCount >= limit.count
      : nowUs - this.#startUs >= limit.ms * 1000;
  }

  #countFailure(failure: string): void {
    this.#failedCount++;
    const known = this.#failures.get(failure);
    if (known !== undefined || this.#failures.size < failureKindsMax) {
      this.#failures.set(failure, (known ?? 0) + 1);
    }
  }

  #end(): void {
    this.#resolve({
      answeredCount: this.#latency.count,
      failedCount: this.#failedCount,
      elapsedMs: (this.#clock.nowUs() - this.#startUs) / 1000,
      latency: this.#latency.data,
      failures: this.#failures,
    });
  }
}

/** Results of loads that ran at the same time, as one. */
export function mergeParallel(results: readonly LoadResult[]): LoadResult {
  return merge(results, Math.max(0, ...results.map(({ elapsedMs }) => elapsedMs)));
}

/** Results of loads that ran one after the other, as one. */
export function mergeSerial(results: readonly LoadResult[]): LoadResult {
  return merge(
    results,
    results.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0),
  );
}

function merge(results: readonly LoadResult[], elapsedMs: number): LoadResult {
  const latency = new Recorder();
  const failures = new Map<string, number>();
  let failedCount = 0;
  for (const result of results) {
    latency.add(result.latency);
    failedCount += result.failedCount;
    for (const [failure, count] of result.failures) {
      failures.set(failure, (failures.get(failure) ?? 0) + count);
    }
  }
  return { answeredCount: latency.count, failedCount, elapsedMs, latency: latency.data, failures };
}
