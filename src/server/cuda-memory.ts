import { InferenceError, invalidArgument } from '../inference/error.js';
import type { Regions } from './shared-memory.js';

/** The memory of GPUs that clients would share: there is none here, and each call is told so in Triton's words. */
export class CudaRegions {
  readonly #system: Regions;

  /** Both kinds share their names, and the switch. */
  constructor(system: Regions) {
    this.#system = system;
  }

  register(name: string): never {
    this.#system.refuseUnlessEnabled();
    throw invalidArgument(`failed to register CUDA shared memory region: '${name}', GPUs not supported`);
  }

  /** Asks for the region of a name, or for all: there are none. */
  status(name: string): void {
    if (name === '' || !this.#system.enabled) return;
    if (this.#system.status('').some((region) => region.name === name)) {
      throw new InferenceError(
        'not-found',
        `The region named '${name}' is registered as system shared memory, not CUDA shared memory`,
      );
    }
    throw new InferenceError('not-found', `Unable to find cuda shared memory region: '${name}'`);
  }

  /** There is nothing to forget. */
  unregister(): void {
    this.#system.refuseUnlessEnabled();
  }
}
