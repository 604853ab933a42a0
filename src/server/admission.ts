import { InferenceError } from '../inference/error.js';
import { requestPrefix, type InferRequest } from '../inference/request.js';

/** What a request takes beside its tensors, so that their number is bounded too. */
export const requestBytes = 1024;

/**
 * Bounds the bytes of all requests that the server holds, whatever the models' own queues allow. Over
 * the bound a request is refused with Triton's text for a full queue, and those held go on.
 */
export class Admission {
  readonly #pendingBytesMax: number;
  #pendingBytes = 0;

  constructor(pendingBytesMax: number) {
    this.#pendingBytesMax = pendingBytesMax;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Lets a request in and says its size, to be given to `leave`; or refuses it. */
  enter(request: InferRequest): number {
    const bytes = requestBytes + request.inputBytes;
    if (this.#pendingBytes > 0 && this.#pendingBytes + bytes > this.#pendingBytesMax) {
      throw new InferenceError('unavailable', `${requestPrefix(request)}Exceeds maximum queue size`);
    }
    this.#pendingBytes += bytes;
    return bytes;
  }

  leave(bytes: number): void {
    this.#pendingBytes -= bytes;
  }
}
