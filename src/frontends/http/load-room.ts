import { InferenceError, invalidArgument } from '../../inference/error.js';
import type { HttpCall } from './exchange.js';

/** What the bodies of load calls may hold together: as much as one message of gRPC. */
const roomBytes = 2 ** 31 - 1;

/**
 * Takes the bodies of load calls, which bring whole models along. Bound: with their lengths told before they come,
 * they hold 2 GiB together; one whose length is not told is held to what any other request may have.
 */
export class LoadRoom {
  readonly #plainBytesMax: number;
  #heldBytes = 0;

  constructor(plainBytesMax: number) {
    this.#plainBytesMax = plainBytesMax;
  }

  /** Reads the body of a call and has it used; `large`: it may be larger than that of any other request. */
  async use<T>(call: HttpCall, large: boolean, use: (body: Buffer) => Promise<T>): Promise<T> {
    const told = Number(call.headers['content-length'] ?? NaN);
    if (!large || !(told > this.#plainBytesMax)) return use(await call.body(this.#plainBytesMax));
    if (told > roomBytes) {
      throw invalidArgument(
        `load request of ${told} bytes exceeds the maximum allowed data size limit INT_MAX`,
      );
    }
    if (this.#heldBytes + told > roomBytes) {
      throw new InferenceError(
        'unavailable',
        'the server takes too many bytes of models at once, try again later',
      );
    }
    this.#heldBytes += told;
    try {
      return await use(await call.body(told));
    } finally {
      this.#heldBytes -= told;
    }
  }
}
