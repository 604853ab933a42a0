import { Alarm } from './alarm.js';
import { nowUs } from './now.js';
import { WaitLine } from './wait-line.js';

/** The alarm is for times as near as this; before, Node's timers do. */
const alarmHorizonUs = 2500;
/** How long before that Node's timers must end, being up to a millisecond late. */
const marginUs = 1500;
/** The longest delay that Node's timers take; they would end a longer one at once. */
const longestDelayMs = 2 ** 31 - 1;

/**
 * How long before a time the alarm is set to it. The rest is spent in turns of the event loop, so this bounds the CPU
 * time of a wait.
 */
const lead = { leastUs: 15, firstUs: 60, mostUs: 100 } as const;
/** The lead moves by these after each ring, so that nine rings of ten come in time: 9 : 1. */
const leadSteps = { upUs: 4.5, downUs: 0.5 } as const;
/** A rest that is hardly longer than the lead is not worth another ring. */
const restUs = 10;

/**
 * Calls back after microseconds: never early, and late by what a turn of the event loop takes.
 *
 * The first wait in line has an alarm shortly before its time and is reached in turns of the event loop. A timer of Node's
 * follows behind: it keeps the process alive while there are waits, and does with its steps of a millisecond while
 * there is no thread. Dropping wakes no thread and leaves a near timer as it is; it ends for nothing.
 */
export class PreciseTimer {
  readonly #waits = new WaitLine();
  readonly #alarm = new Alarm(() => this.#rang());
  #leadUs: number = lead.firstUs;
  /** When the alarm is to ring. */
  #alarmUs = 0;
  #turning = false;
  #timeout: NodeJS.Timeout | undefined;
  #timeoutUs = Infinity;

  /** Calls back once, `delayUs` from now; the result prevents that. What the call throws is an uncaught exception. */
  after(delayUs: number, call: () => void): () => void {
    const now = nowUs();
    const wait = this.#waits.add(now + (delayUs > 0 ? delayUs : 0), call);
    if (this.#waits.first === wait) this.#aim(wait.dueUs, now);
    return () => {
      if (this.#waits.remove(wait) && this.#waits.first === undefined) this.#rest(wait.dueUs);
    };
  }

  /** Whether a wait has needed the thread. */
  get threadStarted(): boolean {
    return this.#alarm.started;
  }

  #aim(dueUs: number, now: number): void {
    const leftUs = dueUs - now;
    if (leftUs <= this.#leadUs + restUs) {
      this.#turn();
      return;
    }
    if (leftUs <= alarmHorizonUs) {
      this.#alarmUs = dueUs - this.#leadUs;
      this.#alarm.set(this.#alarmUs);
      this.#timeoutWithin(Math.ceil(leftUs / 1000), now);
    } else {
      this.#timeoutWithin(Math.floor((leftUs - marginUs) / 1000), now);
    }
  }

  #turn(): void {
    if (this.#turning) return;
    this.#turning = true;
    setImmediate(() => {
      this.#turning = false;
      this.#callDue();
    });
  }

  #rang(): void {
    const lateUs = nowUs() - this.#alarmUs;
    if (lateUs >= 0) {
      const movedUs = this.#leadUs + (lateUs > this.#leadUs ? leadSteps.upUs : -leadSteps.downUs);
      this.#leadUs = Math.min(Math.max(movedUs, lead.leastUs), lead.mostUs);
    }
    this.#callDue();
  }

  #timeoutWithin(wantedMs: number, now: number): void {
    const delayMs = Math.min(wantedMs, longestDelayMs);
    const endsUs = now + delayMs * 1000;
    if (this.#timeoutUs <= endsUs) return;
    clearTimeout(this.#timeout);
    this.#timeoutUs = endsUs;
    this.#timeout = setTimeout(() => {
      this.#timeoutUs = Infinity;
      this.#callDue();
    }, delayMs);
  }

  #callDue(): void {
    const now = nowUs();
    try {
      for (let wait = this.#waits.first; wait !== undefined && wait.dueUs <= now; wait = this.#waits.first) {
        this.#waits.remove(wait);
        wait.call();
      }
    } finally {
      // Also when a call has thrown: the others come in the next turn.
      const first = this.#waits.first;
      if (first === undefined) this.#rest(Infinity);
      else this.#aim(first.dueUs, nowUs());
    }
  }

  /** Nothing waits: a timer that would keep the process alive for long is not left, nor one that nobody would use. */
  #rest(droppedUs: number): void {
    this.#alarm.forget();
    if (this.#timeoutUs === Infinity || droppedUs - nowUs() < alarmHorizonUs) return;
    clearTimeout(this.#timeout);
    this.#timeoutUs = Infinity;
  }
}
