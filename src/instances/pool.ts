import type { Clock } from '../inference/clock.js';
import type { InferenceError } from '../inference/error.js';
import type { Instance } from './instance.js';
import type { OutputPlan } from './messages.js';

/** An instance whose life the pool looks after. */
export interface PooledInstance extends Instance {
  readonly outputs: readonly OutputPlan[];
  close(): Promise<void>;
}

/** Starts one instance; `onDeath` is called when it ends by itself later. */
export type OpenInstance<T extends PooledInstance = PooledInstance> = (
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

export interface PoolOptions {
  readonly count: number;
  readonly clock: Clock;
  readonly events: PoolEvents;
}

const firstRetryMs = 100;
const longestRetryMs = 30_000;
/** An instance that lived this long was sound: the next death is the first one again. */
const soundLifeMs = 10_000;

/**
 * The instances of one model version. An instance is idle here or lent to whoever took it. One that
 * dies is replaced: at once, and when that fails or it soon dies again, at growing intervals of at most 30 s.
 */
export class InstancePool<T extends PooledInstance = PooledInstance> {
  readonly #open: OpenInstance<T>;
  readonly #count: number;
  readonly #events: PoolEvents;
  readonly #idle: T[] = [];
  readonly #alive = new Set<T>();
  /** The latest instance of each place, alive or not. */
  readonly #latest = new Map<number, T>();
  readonly #clock: Clock;
  readonly #starting = new Set<Promise<void>>();
  /** Each prevents a start that would come later. */
  readonly #retries = new Set<() => void>();
  /** How long the next replacement waits, by the instance's place. */
  readonly #delaysMs = new Map<number, number>();
  /** Places that were given up. */
  readonly #givenUp = new Set<number>();
  #closing = false;
  #restartCount = 0;

  constructor(open: OpenInstance<T>, { count, clock, events }: PoolOptions) {
    this.#open = open;
    this.#count = count;
    this.#clock = clock;
    this.#events = events;
  }

  /** Whether nothing that is being started will serve. */
  get closing(): boolean {
    return this.#closing;
  }

  get aliveCount(): number {
    return this.#alive.size;
  }

  /** How many instances were started in the place of one that had died. */
  get restartCount(): number {
    return this.#restartCount;
  }

  /** Starts all instances; if one fails the others are closed and its error is the result. */
  start(): Promise<void> {
    return this.grow(Array.from({ length: this.#count }, (_, index) => index));
  }

  /** Starts instances for further places; if one fails none of them stays, and its error is the result. */
  async grow(indices: readonly number[]): Promise<void> {
    const starts = indices.map((index) => this.#start(index));
    const failed = (await Promise.allSettled(starts)).find((outcome) => outcome.status === 'rejected');
    if (failed === undefined) return;
    await this.shrink(indices);
    throw failed.reason;
  }

  /** Lets the instances of places go for good, each after the run that it may hold. */
  async shrink(indices: readonly number[]): Promise<void> {
    for (const index of indices) this.#givenUp.add(index);
    const leaving = indices.flatMap((index) => this.#latest.get(index) ?? []);
    for (const instance of leaving) this.#forget(instance);
    await Promise.all(leaving.map((instance) => instance.close()));
  }

  /** Any one instance, to ask what all of them have in common. */
  anyAlive(): T | undefined {
    return this.#alive.values().next().value;
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  takeIdle(): T | undefined {
    return this.#idle.pop();
  }

  giveBack(instance: T): void {
    if (this.#alive.has(instance) && !this.#closing) this.#idle.push(instance);
  }

  /**
   * Opens another instance for a place; once it is there the one before is let go, after the run that it may
   * hold. If that fails the one before serves on, and the error is the result.
   */
  async renew(index: number): Promise<void> {
    if (!this.#closing) await this.#start(index);
  }

  /** Closes all instances, each after the run that it may hold, and those still being started. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const drop of this.#retries) drop();
    this.#retries.clear();
    this.#idle.length = 0;
    await Promise.allSettled(this.#starting);
    await Promise.all([...this.#alive].map((instance) => instance.close()));
    this.#alive.clear();
  }

  #start(index: number): Promise<void> {
    const starting = this.#startOne(index).finally(() => this.#starting.delete(starting));
    this.#starting.add(starting);
    return starting;
  }

  async #startOne(index: number): Promise<void> {
    let instance: T | undefined;
    let openedUs = 0;
    let diedEarly: InferenceError | undefined;
    const opened = await this.#open(index, (error) => {
      if (instance === undefined) {
        diedEarly = error;
        return;
      }
      if (this.#givenUp.has(index)) return;
      this.#died(instance, error);
      if (this.#clock.nowUs() - openedUs >= soundLifeMs * 1000) this.#delaysMs.delete(index);
      this.#replace(index);
    });
    if (diedEarly !== undefined) throw diedEarly;
    if (this.#givenUp.has(index)) return opened.close();
    instance = opened;
    openedUs = this.#clock.nowUs();
    this.#alive.add(instance);
    if (!this.#closing) this.#idle.push(instance);
    const before = this.#latest.get(index);
    this.#latest.set(index, instance);
    if (before === undefined || !this.#alive.has(before)) return;
    this.#forget(before);
    await before.close();
  }

  #forget(instance: T): void {
    this.#alive.delete(instance);
    const at = this.#idle.indexOf(instance);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  #died(instance: T, error: InferenceError): void {
    this.#forget(instance);
    if (!this.#closing) this.#events.onDeath(error);
  }

  /** Starts another one for a place, after as long as the place's history asks for; the result is that wait. */
  #replace(index: number): number {
    if (this.#closing || this.#givenUp.has(index)) return 0;
    const delayMs = this.#nextDelayMs(index);
    if (delayMs === 0) {
      this.#startAgain(index);
      return delayMs;
    }
    const drop = this.#clock.after(delayMs, () => {
      this.#retries.delete(drop);
      if (!this.#givenUp.has(index)) this.#startAgain(index);
    });
    this.#retries.add(drop);
    return delayMs;
  }

  #startAgain(index: number): void {
    this.#start(index).then(
      () => {
        this.#restartCount++;
        if (!this.#closing) this.#events.onRecovered();
      },
      (error: unknown) => {
        if (this.#closing) return;
        this.#events.onRetry(error, this.#replace(index));
      },
    );
  }

  /** Nothing at first, then growing with each call. */
  #nextDelayMs(index: number): number {
    const delayMs = this.#delaysMs.get(index) ?? 0;
    this.#delaysMs.set(index, Math.min(Math.max(firstRetryMs, delayMs * 2), longestRetryMs));
    return delayMs;
  }
}
