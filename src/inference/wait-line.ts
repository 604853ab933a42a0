/** A call that is due at a time. */
export interface Wait {
  readonly dueUs: number;
  readonly call: () => void;
  stands: boolean;
  before: Wait | undefined;
  after: Wait | undefined;
}

/**
 * Waits in the order in which they are due, and those due at once in the order of their coming. Adding takes as many
 * steps as there are waits due later, so it suits some hundred waits with similar delays.
 */
export class WaitLine {
  #first: Wait | undefined;
  #last: Wait | undefined;

  get first(): Wait | undefined {
    return this.#first;
  }

  add(dueUs: number, call: () => void): Wait {
    let before = this.#last;
    while (before !== undefined && before.dueUs > dueUs) before = before.before;
    const after = before === undefined ? this.#first : before.after;
    const wait: Wait = { dueUs, call, stands: true, before, after };
    if (before === undefined) this.#first = wait;
    else before.after = wait;
    if (after === undefined) this.#last = wait;
    else after.before = wait;
    return wait;
  }

  /** Takes a wait out, if it still stands in the line. */
  remove(wait: Wait): boolean {
    if (!wait.stands) return false;
    const { before, after } = wait;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    wait.stands = false;
    // Whoever keeps this wait must not keep its neighbours.
    wait.before = undefined;
    wait.after = undefined;
    return true;
  }
}
