import type { BatchingSpec } from '../config/batching.js';
import type { Batcher, BatcherMode, CloseReason, Pull } from './batcher.js';
import type { Fits } from './fits.js';
import type { Delay } from './delay.js';
import type { TunerState } from './delay-tuner.js';
import type { Entry } from './entry.js';
import { PriorityQueue } from './priority.js';

export interface DynamicBatcherParts {
  readonly spec: BatchingSpec;
  readonly fits: Fits;
  readonly delay: Delay;
  /** What `delay` has learnt, if it learns. */
  readonly learntAt?: (nowUs: number) => TunerState;
  /** What samples of `largeRowBytes` and more may have together in a batch; Infinity: no bound. */
  readonly largeBytesMax?: number;
  /** Nothing is given out until so many requests wait for the first time; 0: at once. For tests of servers. */
  readonly heldBack?: number;
}

/** What a walk along the queue found: the entries of a batch, and why it ends there. */
interface Found {
  readonly count: number;
  readonly closed: CloseReason;
}

/**
 * Samples of this size gain nothing from company: their run is all reading and writing memory. Batches of them
 * are bounded by bytes, because a batch takes four times its inputs while it runs.
 */
const largeRowBytes = 4 * 1024 * 1024;

/** Why a batch ends that could not become larger by waiting, whoever comes. */
const complete: ReadonlySet<CloseReason> = new Set(['full', 'shape-differs', 'ordering']);

/**
 * Forms batches as Triton does, of what waits at the moment an instance is free. It walks along the queue
 * in the order of service and stops where the next request does not fit; nobody overtakes. A batch counts
 * samples, not requests. The largest preferred size that the walk meets is taken; without one a batch that
 * is not full is held for the time that `delay` gives, at most as long as the config allows. Where runs are
 * short several batches are given out together, if waiting would make none of them larger.
 *
 * Invariant: an entry is given out at most once, and none is left out of the order.
 * Bound: a walk visits at most one entry more than a batch holds.
 */
export class DynamicBatcher implements Batcher {
  readonly #spec: BatchingSpec;
  readonly #fits: Fits;
  readonly #delay: Delay;
  readonly #queue: PriorityQueue;
  readonly #largestPreferred: number;
  readonly #largeBytesMax: number;
  readonly #learntAt: DynamicBatcherParts['learntAt'];
  #heldBack: number;
  #hurried = false;
  #runningCount = 0;

  constructor(parts: DynamicBatcherParts) {
    const { spec, fits, delay, learntAt, heldBack = 0, largeBytesMax = Infinity } = parts;
    this.#spec = spec;
    this.#fits = fits;
    this.#delay = delay;
    this.#queue = new PriorityQueue(spec);
    this.#largestPreferred = spec.preferredSizes.at(-1) ?? spec.batchSizeMax;
    this.#largeBytesMax = largeBytesMax;
    this.#heldBack = heldBack;
    this.#learntAt = learntAt;
  }

  get mode(): BatcherMode {
    return this.#spec.delayMode;
  }

  get size(): number {
    return this.#queue.size;
  }

  get oldestUs(): number | undefined {
    return this.#queue.oldestUs;
  }

  get nextDeadlineUs(): number {
    return this.#queue.nextDeadlineUs;
  }

  runsBefore({ level }: Entry): number {
    return this.#queue.rowsUpTo(level) / this.#spec.batchSizeMax;
  }

  admit(entry: Entry): void {
    this.#queue.admit(entry);
  }

  offer(entry: Entry): boolean {
    if (!this.#queue.push(entry)) return false;
    this.#delay.arrived(entry.enqueuedUs, entry.rows, this.#queue.size + this.#runningCount);
    return true;
  }

  pull(nowUs: number, most = 1): Pull {
    const first = this.#queue.first();
    if (first === undefined) return { kind: 'empty' };
    if (this.#queue.size < this.#heldBack && !this.#hurried) return { kind: 'wait', untilUs: Infinity };
    this.#heldBack = 0;
    const found = this.#walk(first, nowUs);
    if (typeof found === 'number') return { kind: 'wait', untilUs: found };
    const { closed } = found;
    const runs = [this.#take(first, found.count, nowUs)];
    if (complete.has(closed)) this.#takeMore(runs, { closed, most, nowUs });
    return { kind: 'runs', runs, closed };
  }

  /** Further batches that end for the same reason: no later request could join them either. */
  #takeMore(
    runs: (readonly Entry[])[],
    { closed, most, nowUs }: { closed: CloseReason; most: number; nowUs: number },
  ): void {
    while (runs.length < most) {
      const first = this.#queue.first();
      const found = first === undefined ? undefined : this.#walk(first, nowUs);
      if (first === undefined || typeof found !== 'object' || found.closed !== closed) return;
      runs.push(this.#take(first, found.count, nowUs));
    }
  }

  remove(entry: Entry): boolean {
    return this.#queue.remove(entry);
  }

  expire(nowUs: number): readonly Entry[] {
    return this.#queue.nextDeadlineUs <= nowUs ? this.#queue.expire(nowUs) : [];
  }

  ran(nowUs: number, entries: readonly Entry[], tookUs: number): void {
    this.#runningCount -= entries.length;
    let rows = 0;
    for (const entry of entries) rows += entry.rows;
    this.#delay.ran(nowUs, { rows, tookUs, inSystem: this.#queue.size + this.#runningCount });
  }

  learntAt(nowUs: number): TunerState | undefined {
    return this.#learntAt?.(nowUs);
  }

  answered(latencyUs: number): void {
    this.#delay.answered(latencyUs);
  }

  drain(): readonly Entry[] {
    const entries: Entry[] = [];
    for (let first = this.#queue.first(); first !== undefined; first = this.#queue.first()) {
      this.#queue.remove(first);
      entries.push(first);
    }
    return entries;
  }

  hurry(): void {
    this.#hurried = true;
  }

  /** The batch that stands at the head of the queue, or until when to wait for a better one. */
  #walk(first: Entry, nowUs: number): Found | number {
    const rowsMax = Math.max(first.rows, this.#delay.batchSizeMax);
    let cut: Found | undefined;
    let count = 0;
    let rows = 0;
    let bytes = 0;
    let oldestUs = Infinity;
    let stop: CloseReason | undefined;
    for (let entry: Entry | undefined = first; entry !== undefined; entry = this.#queue.after(entry)) {
      if (count > 0) {
        if (bytes + entry.bytes > this.#largeBytesMax && entry.bytes >= entry.rows * largeRowBytes) {
          stop = 'full';
          break;
        }
        stop = this.#obstacle(first, entry, rows + entry.rows > rowsMax);
        if (rows + entry.rows > this.#largestPreferred) cut ??= { count, closed: stop ?? 'preferred' };
        if (stop !== undefined) break;
      }
      count++;
      rows += entry.rows;
      bytes += entry.bytes;
      oldestUs = Math.min(oldestUs, entry.enqueuedUs);
      if (rows >= rowsMax) stop = 'full';
      if (this.#spec.preferredSizes.includes(rows)) cut = { count, closed: stop ?? 'preferred' };
      if (stop !== undefined) break;
    }
    const exceeded = this.#spec.delayUs > 0 && nowUs - oldestUs >= this.#spec.delayUs;
    if (cut !== undefined && !exceeded) return cut;
    if (stop !== undefined) return { count, closed: stop };
    if (rows >= this.#largestPreferred) return { count, closed: 'preferred' };
    if (exceeded) return { count, closed: 'delay-over' };
    return (
      this.#holdUntil(nowUs, rows, oldestUs) ?? {
        count,
        closed: this.#hurried ? 'shutdown' : 'instance-free',
      }
    );
  }

  /** Until when a batch that could be better is held; undefined when it goes now. */
  #holdUntil(nowUs: number, rows: number, oldestUs: number): number | undefined {
    const { delayUs } = this.#spec;
    if (delayUs === 0 || this.#hurried) return undefined;
    const untilUs = Math.min(this.#delay.holdUntilUs(nowUs, rows, oldestUs), oldestUs + delayUs);
    return untilUs > nowUs ? untilUs : undefined;
  }

  /** Why an entry cannot join the batch that begins with `first`, if it cannot. */
  #obstacle(first: Entry, entry: Entry, tooLarge: boolean): CloseReason | undefined {
    if (!tooLarge && this.#fits(first.request, entry.request)) return undefined;
    if (entry.level !== first.level) return 'priority';
    return tooLarge ? 'ordering' : 'shape-differs';
  }

  #take(first: Entry, count: number, nowUs: number): Entry[] {
    const entries: Entry[] = [];
    for (let entry: Entry | undefined = first; entry !== undefined && entries.length < count;) {
      const next = this.#queue.after(entry);
      this.#queue.remove(entry);
      entries.push(entry);
      entry = next;
    }
    this.#runningCount += entries.length;
    this.#delay.handedOver(nowUs);
    return entries;
  }
}
