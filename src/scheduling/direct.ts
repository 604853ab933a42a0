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

  pull(): Pull {
    const entry = this.#queue.shift();
    return entry === undefined ? { kind: 'empty' } : { kind: 'batch', entries: [entry] };
  }

  remove(entry: Entry): boolean {
    return this.#queue.remove(entry);
  }
}
