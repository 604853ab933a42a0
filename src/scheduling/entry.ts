import type { InferenceError } from '../inference/error.js';
import type { InferRequest } from '../inference/request.js';
import type { InferResponse } from '../inference/response.js';

/** A request waiting in a queue, and the promise that its caller holds. */
export class Entry {
  readonly request: InferRequest;
  readonly enqueuedUs: number;
  readonly resolve: (response: InferResponse) => void;
  readonly reject: (error: InferenceError) => void;
  /** Links of the queue that holds it; of no meaning outside. */
  next: Entry | undefined = undefined;
  previous: Entry | undefined = undefined;
  queued = false;

  constructor(request: InferRequest, enqueuedUs: number, settle: Pick<Entry, 'resolve' | 'reject'>) {
    this.request = request;
    this.enqueuedUs = enqueuedUs;
    this.resolve = settle.resolve;
    this.reject = settle.reject;
  }
}
