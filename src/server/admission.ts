import { InferenceError, invalidArgument } from '../inference/error.js';
import { requestPrefix, type InferRequest } from '../inference/request.js';

/** What a request takes beside its tensors, so that their number is bounded too. */
export const requestBytes = 1024;

/**
 * Bounds the bytes of all requests that the server holds, whatever the models' own queues allow. Over
 * the bound a request is refused with Triton's text for a full queue, and those held go on. One that is larger than the
 * bound is let in alone when it came over the wire, where messages have a bound of their own; memory that a client
 * shares costs it nothing, and may be of any size.
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
    if (bytes > this.#pendingBytesMax && request.regions !== undefined)
      throw tooLarge(request, this.#pendingBytesMax);
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

function tooLarge(request: InferRequest, bytesMax: number): InferenceError {
  return invalidArgument(
    `${requestPrefix(request)}inputs of ${request.inputBytes} bytes in shared memory are more than the server holds at once (--max-pending-request-bytes=${bytesMax})`,
  );
}
