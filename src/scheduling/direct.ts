import { BatchQueue } from './batch-queue.js';
import type { Batcher, Pull } from './batcher.js';
import type { Entry } from './entry.js';

/** One request, one run, in the order of arrival: what a model gets that asks for no batching. */
export class DirectBatcher implements Batcher {
  readonly #queue = new BatchQueue();

  get size(): number {
    return this.#queue.size;
  }

  offer(entry: Entry): void {
    this.#queue.push(entry);
  }

  pull(_nowUs: number, most: number): Pull {
    const runs: Entry[][] = [];
    while (runs.length < most) {
      const entry = this.#queue.shift();
      if (entry === undefined) break;
      runs.push([entry]);
    }
    return runs.length === 0 ? { kind: 'empty' } : { kind: 'runs', runs };
  }

  remove(entry: Entry): boolean {
    return this.#queue.remove(entry);
  }
}
