import type { Entry } from './entry.js';
import type { Answer } from './scatter.js';

/**
 * Lets answers out in the order in which their requests were accepted: one that is ready early waits for
 * those before it. A request that leaves without an answer holds nobody up.
 */
export class AnswerOrder {
  readonly #accepted = new Set<Entry>();
  readonly #ready = new Map<Entry, Answer>();
  readonly #deliver: (entry: Entry, answer: Answer) => void;

  constructor(deliver: (entry: Entry, answer: Answer) => void) {
    this.#deliver = deliver;
  }

  accept(entry: Entry): void {
    this.#accepted.add(entry);
  }

  answer(entry: Entry, answer: Answer): void {
    this.#ready.set(entry, answer);
    this.#letOut();
  }

  /** The request was rejected or given up. */
  forget(entry: Entry): void {
    this.#accepted.delete(entry);
    this.#letOut();
  }

  #letOut(): void {
    for (const entry of this.#accepted) {
      const answer = this.#ready.get(entry);
      if (answer === undefined) return;
      this.#accepted.delete(entry);
      this.#ready.delete(entry);
      this.#deliver(entry, answer);
    }
  }
}
