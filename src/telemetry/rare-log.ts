import type { Log } from './log.js';

const betweenUs = 10_000_000;

/**
 * Lines about something that may go wrong many times a second: the first one is written at once, then one in ten
 * seconds at most, which says how many were left out.
 */
export class RareLog {
  readonly #log: Pick<Log, 'warning'>;
  readonly #nowUs: () => number;
  #nextUs = -Infinity;
  #leftOut = 0;

  constructor(log: Pick<Log, 'warning'>, nowUs: () => number) {
    this.#log = log;
    this.#nowUs = nowUs;
  }

  warning(line: string): void {
    const nowUs = this.#nowUs();
    if (nowUs < this.#nextUs) {
      this.#leftOut++;
      return;
    }
    this.#nextUs = nowUs + betweenUs;
    const more = this.#leftOut === 0 ? '' : ` (and ${this.#leftOut} more such lines since the last one)`;
    this.#leftOut = 0;
    this.#log.warning(line + more);
  }
}
