import type { InferenceError } from '../inference/error.js';
import type { InferRequest, RequestHolder } from '../inference/request.js';
import type { InferResponse } from '../inference/response.js';

/** What can hold an entry, and let go of it. */
export interface EntryHolder {
  remove(entry: Entry): boolean;
}

/** Where an entry is known that its caller may give up. */
export interface EntryOwner {
  entryCancelled(entry: Entry): void;
}

/** A request from its arrival at a scheduler to its answer, and the promise that its caller holds. */
export class Entry implements RequestHolder {
  readonly request: InferRequest;
  /** Samples, as batch limits count them: at least one. */
  readonly rows: number;
  /** Of all its inputs. */
  readonly bytes: number;
  /** When the server began with it. */
  readonly startUs: number;
  readonly enqueuedUs: number;
  readonly answer: Promise<InferResponse>;
  resolve!: (response: InferResponse) => void;
  reject!: (error: InferenceError) => void;
  /** 1 is served first; 0 where a model has no levels. */
  level = 0;
  /** When its time in the queue is over. */
  deadlineUs = Infinity;
  /** When it is of no use any more to begin with it. */
  uselessUs: number;
  /** Links of the queue that holds it, if any; of no meaning outside. */
  queue: EntryHolder | undefined = undefined;
  next: Entry | undefined = undefined;
  previous: Entry | undefined = undefined;
  /** Its place among the deadlines, -1 when it stands there no more; of no meaning outside. */
  heapAt = -1;
  /** Whom to tell that the caller gave up. */
  owner: EntryOwner | undefined = undefined;
  /** Its number among those that came to the deadlines; of no meaning outside. */
  heapTurn = 0;

  constructor(
    request: InferRequest,
    { rows, startUs, enqueuedUs }: Pick<Entry, 'rows' | 'startUs' | 'enqueuedUs'>,
  ) {
    this.request = request;
    this.rows = rows;
    this.startUs = startUs;
    this.enqueuedUs = enqueuedUs;
    this.bytes = request.inputBytes;
    this.uselessUs = request.deadlineUs;
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  requestCancelled(): void {
    this.owner?.entryCancelled(this);
  }

  get queued(): boolean {
    return this.queue !== undefined;
  }
}
