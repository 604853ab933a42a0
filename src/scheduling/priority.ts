import type { BatchingSpec, QueuePolicy } from '../config/batching.js';
import { BatchQueue } from './batch-queue.js';
import { DeadlineHeap } from './deadline-heap.js';
import type { Entry } from './entry.js';

export type QueueRules = Pick<BatchingSpec, 'levelCount' | 'defaultLevel' | 'defaultPolicy' | 'policies'>;

/** One priority level: those with time left, and behind them those whose time was over and may still run. */
interface Level {
  readonly number: number;
  readonly policy: QueuePolicy;
  readonly timely: BatchQueue;
  readonly late: BatchQueue;
}

/**
 * What waits for one model, in the order in which it is served: level by level, within a level in the
 * order of arrival, the late ones behind the others. Each level has a policy: how many may wait, for how
 * long, and what becomes of those whose time is over.
 * Bound: levels exist from the first request that uses them on, so there are as many as were ever used.
 */
export class PriorityQueue {
  readonly #rules: QueueRules;
  /** Ascending by number. */
  readonly #levels: Level[] = [];
  readonly #deadlines = new DeadlineHeap();
  #size = 0;
  #rows = 0;

  constructor(rules: QueueRules) {
    this.#rules = rules;
  }

  get size(): number {
    return this.#size;
  }

  /** Samples of all that wait. */
  get rows(): number {
    return this.#rows;
  }

  /** When the entry came that has waited longest, as far as those tell that come next of each level; undefined when none waits. */
  get oldestUs(): number | undefined {
    const heads = this.#levels.flatMap(({ timely, late }) => [timely.first, late.first]);
    const came = heads.flatMap((entry) => (entry === undefined ? [] : [entry.enqueuedUs]));
    return came.length === 0 ? undefined : Math.min(...came);
  }

  /** When the time of the next entry is over; Infinity when none has a limit. */
  get nextDeadlineUs(): number {
    return this.#deadlines.nearestUs;
  }

  /** Gives an entry the level and the deadline that it will have in the queue. */
  admit(entry: Entry): void {
    entry.level = this.#levelOf(entry);
    const { timeoutUs, overridable, action } = this.#policy(entry.level);
    if (timeoutUs === 0) return;
    const own = overridable ? Number(entry.request.timeoutUs) : 0;
    entry.deadlineUs = entry.enqueuedUs + (own > 0 && own < timeoutUs ? own : timeoutUs);
    if (action === 'reject') entry.uselessUs = Math.min(entry.uselessUs, entry.deadlineUs);
  }

  /** Puts an admitted entry behind those of its level; false if the level is full. */
  push(entry: Entry): boolean {
    const level = this.#find(entry.level);
    if (level.timely.size + level.late.size >= level.policy.sizeMax) return false;
    level.timely.push(entry);
    if (entry.deadlineUs !== Infinity) this.#deadlines.push(entry);
    this.#size++;
    this.#rows += entry.rows;
    return true;
  }

  /** Takes an entry out, wherever it stands; false if it is not here. */
  remove(entry: Entry): boolean {
    if (entry.queue?.remove(entry) !== true) return false;
    this.#deadlines.remove(entry);
    this.#size--;
    this.#rows -= entry.rows;
    return true;
  }

  /** Samples that are served before an entry of this level that comes now. */
  rowsUpTo(level: number): number {
    let rows = 0;
    for (const { number, timely, late } of this.#levels) {
      if (number > level) break;
      rows += timely.rows + (number < level ? late.rows : 0);
    }
    return rows;
  }

  /** Takes out those whose time is over and that shall fail; late ones that may run step back. */
  expire(nowUs: number): Entry[] {
    const failed: Entry[] = [];
    for (;;) {
      const entry = this.#deadlines.takeExpired(nowUs);
      if (entry === undefined) return failed;
      const level = this.#find(entry.level);
      if (level.policy.action === 'reject') {
        this.remove(entry);
        failed.push(entry);
      } else {
        level.timely.remove(entry);
        level.late.push(entry);
      }
    }
  }

  first(): Entry | undefined {
    return this.#firstFrom(0);
  }

  /** The one that is served after this one. */
  after(entry: Entry): Entry | undefined {
    if (entry.next !== undefined) return entry.next;
    if (this.#levels.length === 1 && this.#levels[0]?.late.size === 0) return undefined;
    const at = this.#levels.findIndex(({ number }) => number === entry.level);
    const level = this.#levels[at];
    if (level !== undefined && entry.queue === level.timely && level.late.first !== undefined) {
      return level.late.first;
    }
    return this.#firstFrom(at + 1);
  }

  #firstFrom(start: number): Entry | undefined {
    for (let at = start; at < this.#levels.length; at++) {
      const level = this.#levels[at];
      const first = level?.timely.first ?? level?.late.first;
      if (first !== undefined) return first;
    }
    return undefined;
  }

  #levelOf({ request: { priority } }: Entry): number {
    const { levelCount, defaultLevel } = this.#rules;
    if (levelCount === 0) return 0;
    return priority === 0n || priority > levelCount ? defaultLevel : Number(priority);
  }

  #policy(level: number): QueuePolicy {
    return this.#rules.policies.get(level) ?? this.#rules.defaultPolicy;
  }

  #find(number: number): Level {
    const at = this.#levels.findIndex((level) => level.number >= number);
    const found = this.#levels[at];
    if (found?.number === number) return found;
    const level = { number, policy: this.#policy(number), timely: new BatchQueue(), late: new BatchQueue() };
    this.#levels.splice(at < 0 ? this.#levels.length : at, 0, level);
    return level;
  }
}
