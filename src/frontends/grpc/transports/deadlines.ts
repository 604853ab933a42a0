/** Who has a deadline, and a place in the list of those who do. */
export interface Expiring {
  /** In milliseconds since 1970. */
  readonly deadlineMs: number;
  /** Its neighbours in the list, which are the list's business. */
  earlier: Expiring | undefined;
  later: Expiring | undefined;
  onDeadline(): void;
}

/** Deadlines are kept to about this. */
const stepMs = 4;
/** The longest delay of Node's timers. */
const timerMsMax = 2 ** 31 - 1;

/**
 * The deadlines of open calls, with one timer for all: it is set for the earliest, and rarely fires, for most
 * calls have ended long before. Bound: one entry for each open call that has a deadline.
 */
export class Deadlines {
  #last: Expiring | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #timerMs = Infinity;

  add(call: Expiring): void {
    call.earlier = this.#last;
    if (this.#last !== undefined) this.#last.later = call;
    this.#last = call;
    if (call.deadlineMs < this.#timerMs) this.#setTimer(call.deadlineMs);
  }

  remove(call: Expiring): void {
    const { earlier, later } = call;
    if (later !== undefined) later.earlier = earlier;
    else if (this.#last === call) this.#last = earlier;
    if (earlier !== undefined) earlier.later = later;
    call.earlier = undefined;
    call.later = undefined;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timerMs = Infinity;
  }

  #setTimer(deadlineMs: number): void {
    clearTimeout(this.#timer);
    this.#timerMs = deadlineMs;
    const delayMs = Math.max(deadlineMs - Date.now(), 0);
    this.#timer = setTimeout(this.#look, Math.min(delayMs + stepMs, timerMsMax)).unref();
  }

  readonly #look = (): void => {
    const now = Date.now();
    const due: Expiring[] = [];
    let earliest = Infinity;
    for (let call = this.#last; call !== undefined; call = call.earlier) {
      if (call.deadlineMs <= now) due.push(call);
      else earliest = Math.min(earliest, call.deadlineMs);
    }
    this.#timerMs = Infinity;
    if (earliest < Infinity) this.#setTimer(earliest);
    for (const call of due) {
      this.remove(call);
      call.onDeadline();
    }
  };
}
