import PQueue from 'p-queue';

/** Lets operations on one name come one after another, in the order in which they were asked for. */
export class Turns {
  readonly #queues = new Map<string, PQueue>();

  take<T>(name: string, operation: () => Promise<T>): Promise<T> {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = new PQueue({ concurrency: 1 });
      queue.once('idle', () => this.#queues.delete(name));
      this.#queues.set(name, queue);
    }
    return queue.add(operation);
  }

  /** Resolves when every operation that was asked for is over. */
  async settled(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.onIdle()));
  }
}
