import { BatchQueue } from './batch-queue.js';
import type { Batcher, Pull } from './batcher.js';
import type { Entry } from './entry.js';

/** One request, one run, in the order of arrival: what a model gets that asks for no batching. */
export class DirectBatcher implements Batcher {
  readonly mode = 'direct';
  readonly #queue = new BatchQueue();
  /** Nothing here has a time limit. */
  readonly nextDeadlineUs = Infinity;

  get size(): number {
    return this.#queue.size;
  }

  get oldestUs(): number | undefined {
    return this.#queue.first?.enqueuedUs;
  }

  runsBefore(): number {
    return this.#queue.size;
  }

  admit(): void {}

  offer(entry: Entry): boolean {
    this.#queue.push(entry);
    return true;
  }

  pull(_nowUs: number, most: number): Pull {
    const runs: Entry[][] = [];
    while (runs.length < most) {
      const entry = this.#queue.shift();
      if (entry === undefined) break;
      runs.push([entry]);
    }
    return runs.length === 0 ? { kind: 'empty' } : { kind: 'runs', runs, closed: 'instance-free' };
  }

  remove(entry: Entry): boolean {
    return this.#queue.remove(entry);
  }

  expire(): readonly Entry[] {
    return [];
  }

  ran(): void {}

  answered(): void {}

  learntAt(): undefined {}

  drain(): readonly Entry[] {
    const entries: Entry[] = [];
    for (let entry = this.#queue.shift(); entry !== undefined; entry = this.#queue.shift())
      entries.push(entry);
    return entries;
  }

  hurry(): void {}
}
