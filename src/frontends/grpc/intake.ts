import { InferenceError } from '../../inference/error.js';

/** Whether this front end still takes work: until the server begins to drain. */
export class Intake {
  readonly #listeners = new Set<() => void>();
  #stopped = false;

  get stopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
    for (const tell of this.#listeners) tell();
  }

  /** How many wait to hear of the stop. */
  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** Calls back when the intake stops; the result ends that. */
  onStop(tell: () => void): () => void {
    this.#listeners.add(tell);
    return () => this.#listeners.delete(tell);
  }
}

export function stoppedIntakeError(): InferenceError {
  return new InferenceError(
    'unavailable',
    'GRPC server is shutting down and has stopped accepting new requests.',
  );
}
