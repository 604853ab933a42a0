import type { InferenceError } from '../inference/error.js';
import type { Instance } from './instance.js';
import type { OutputPlan } from './messages.js';

/** An instance whose life the pool looks after. */
export interface PooledInstance extends Instance {
  readonly outputs: readonly OutputPlan[];
  close(): Promise<void>;
}

/** Starts one instance; `onDeath` is called when it ends by itself later. */
export type OpenInstance<T extends PooledInstance> = (
  index: number,
  onDeath: (error: InferenceError) => void,
) => Promise<T>;

export interface PoolEvents {
  /** An instance died; a new one is being started. */
  readonly onDeath: (error: InferenceError) => void;
  /** An instance became free by another way than `giveBack`. */
  readonly onRecovered: () => void;
  /** A replacement could not be started; the next try comes after `retryMs`. */
  readonly onRetry: (error: unknown, retryMs: number) => void;
}

const firstRetryMs = 100;
const longestRetryMs = 30_000;

/**
 * The instances of one model version. An instance is idle here or lent to whoever took it. One that
 * dies is replaced: at once, and after failures at growing intervals of at most 30 s.
 */
export class InstancePool<T extends PooledInstance = PooledInstance> {
  readonly #open: OpenInstance<T>;
  readonly #count: number;
  readonly #events: PoolEvents;
  readonly #idle: T[] = [];
  readonly #alive = new Set<T>();
  readonly #retries = new Set<NodeJS.Timeout>();
  #closing = false;

  constructor(open: OpenInstance<T>, count: number, events: PoolEvents) {
    this.#open = open;
    this.#count = count;
    this.#events = events;
  }

  get aliveCount(): number {
    return this.#alive.size;
  }

  /** Starts all instances; if one fails the others are closed and its error is the result. */
  async start(): Promise<void> {
    const starts = Array.from({ length: this.#count }, (_, index) => this.#start(index));
    const failed = (await Promise.allSettled(starts)).find((outcome) => outcome.status === 'rejected');
    if (failed === undefined) return;
    await this.close();
    throw failed.reason;
  }

  /** Any one instance, to ask what all of them have in common. */
  anyAlive(): T | undefined {
    return this.#alive.values().next().value;
  }

  takeIdle(): T | undefined {
    return this.#idle.pop();
  }

  giveBack(instance: T): void {
    if (this.#alive.has(instance)) this.#idle.push(instance);
  }

  /** Closes all instances, each after the run that it may hold. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const retry of this.#retries) clearTimeout(retry);
    this.#retries.clear();
    this.#idle.length = 0;
    await Promise.all([...this.#alive].map((instance) => instance.close()));
    this.#alive.clear();
  }

  async #start(index: number): Promise<void> {
    let opened: T | undefined;
    const instance = await this.#open(index, (error) => this.#died(index, opened, error));
    opened = instance;
    this.#alive.add(instance);
    if (this.#closing) await instance.close();
    else this.#idle.push(instance);
  }

  #died(index: number, instance: T | undefined, error: InferenceError): void {
    if (instance !== undefined) {
      this.#alive.delete(instance);
      const at = this.#idle.indexOf(instance);
      if (at >= 0) this.#idle.splice(at, 1);
    }
    if (this.#closing) return;
    this.#events.onDeath(error);
    this.#replace(index, firstRetryMs);
  }

  #replace(index: number, retryMs: number): void {
    this.#start(index).then(
      () => this.#events.onRecovered(),
      (error: unknown) => {
        if (this.#closing) return;
        this.#events.onRetry(error, retryMs);
        const retry = setTimeout(() => {
          this.#retries.delete(retry);
          this.#replace(index, Math.min(retryMs * 2, longestRetryMs));
        }, retryMs);
        this.#retries.add(retry);
      },
    );
  }
}
