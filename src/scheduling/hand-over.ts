import type { Clock } from '../inference/clock.js';
import { toInferenceError } from '../inference/error.js';
import type { HandBack, Instance } from '../instances/instance.js';
import type { SlotPlan } from '../instances/slot.js';
import type { Answers } from './answers.js';
import type { Batcher } from './batcher.js';
import type { Entry } from './entry.js';
import { alone, fillRuns, type FilledRun } from './fill-runs.js';
import { HandOffSize } from './hand-off.js';
import type { Source } from './scatter.js';

export interface HandOverParts {
  readonly batcher: Batcher;
  readonly instances: { giveBack(instance: Instance): void };
  readonly plan: SlotPlan;
  readonly source: Source;
  readonly clock: Clock;
}

export interface HandOverEvents {
  /** An instance was given back. */
  readonly onFree: () => void;
  /** A run took so long, the way to its thread and back included. */
  readonly onRan: (runUs: number) => void;
  /** Requests that ran have been answered, or could not be run. */
  readonly onEnded: () => void;
}

/**
 * Takes batches to an instance and brings their answers back. A batch of several requests that fails is
 * run again on the same instance, request by request, so that each succeeds or fails for itself.
 */
export class HandOver {
  readonly #parts: HandOverParts;
  readonly #answers: Answers;
  readonly #events: HandOverEvents;
  readonly #size = new HandOffSize();
  #runningCount = 0;
  #busyUs = 0;

  constructor(parts: HandOverParts, answers: Answers, events: HandOverEvents) {
    this.#parts = parts;
    this.#answers = answers;
    this.#events = events;
  }

  /** Requests that are with an instance. */
  get runningCount(): number {
    return this.#runningCount;
  }

  /** How long instances were at work for what has come back. */
  get busyUs(): number {
    return this.#busyUs;
  }

  /** The most runs to hand over at once to one of `idleCount` instances while `waiting` requests wait. */
  mostRuns(waiting: number, idleCount: number): number {
    return this.#size.most(waiting, idleCount);
  }

  /** Hands over what was pulled at `startUs`. The instance is given back when it is done. */
  begin(instance: Instance, pulled: readonly (readonly Entry[])[], startUs: number): void {
    const { batcher, instances, clock } = this.#parts;
    const filled = this.#fill(pulled, (entry) => batcher.ran(startUs, [entry], 0));
    if (filled.length === 0) {
      instances.giveBack(instance);
      return;
    }
    instance.run(filled.map(({ run }) => run)).then(
      (handBack) => {
        const nowUs = clock.nowUs();
        const runUs = (nowUs - startUs) / filled.length;
        for (const { entries } of filled) batcher.ran(nowUs, entries, runUs);
        this.#events.onRan(runUs);
        this.#size.observe(filled.length, handBack.tookUs);
        this.#takeBack(instance, { filled, handBack, startUs });
      },
      (error: unknown) => {
        for (const { entries } of filled) batcher.ran(clock.nowUs(), entries, 0);
        this.#lose(instance, filled, { error, startUs });
      },
    );
  }

  /** The batches in their slots; requests that no slot can hold are refused. */
  #fill(pulled: readonly (readonly Entry[])[], onRefused: (entry: Entry) => void): FilledRun[] {
    const { plan, source } = this.#parts;
    const filled = fillRuns({ plan, arena: source.arena }, pulled, (entry, error) => {
      onRefused(entry);
      this.#answers.refuse(entry, 'other', error);
      this.#events.onEnded();
    });
    this.#runningCount += countOf(filled);
    return filled;
  }

  /** The instance gets its next batch before the answers of this one are written. */
  #takeBack(
    instance: Instance,
    back: { filled: readonly FilledRun[]; handBack: HandBack; startUs: number },
  ): void {
    const { filled, handBack, startUs } = back;
    this.#busyUs += handBack.tookUs;
    const failed = filled.filter((_, index) => handBack.results[index]?.kind === 'failed');
    const again = failed.flatMap(({ entries }) => (entries.length > 1 ? entries : []));
    if (again.length === 0 || !this.#runAgain(instance, again, startUs)) this.#free(instance);
    let takenUs = startUs;
    for (const [index, { entries }] of filled.entries()) {
      const result = handBack.results[index];
      if (result === undefined) throw new Error('A run came back without its result. This is a bug.');
      if (result.kind === 'done') {
        this.#answers.finish(entries, result, takenUs);
        takenUs = result.inferEndUs;
      } else {
        this.#parts.source.arena.giveBack(result.slot);
        if (entries.length === 1) this.#answers.fail(entries, result.error, takenUs);
      }
    }
    this.#end(filled);
  }

  /** Runs each by itself; false if none of them can be run. */
  #runAgain(instance: Instance, entries: readonly Entry[], startUs: number): boolean {
    const filled = this.#fill(alone(entries), () => {});
    if (filled.length === 0) return false;
    instance.run(filled.map(({ run }) => run)).then(
      (handBack) => this.#takeBack(instance, { filled, handBack, startUs }),
      (error: unknown) => this.#lose(instance, filled, { error, startUs }),
    );
    return true;
  }

  #lose(
    instance: Instance,
    filled: readonly FilledRun[],
    { error, startUs }: { error: unknown; startUs: number },
  ): void {
    this.#free(instance);
    for (const { entries } of filled) this.#answers.fail(entries, toInferenceError(error), startUs);
    this.#end(filled);
  }

  #free(instance: Instance): void {
    this.#parts.instances.giveBack(instance);
    this.#events.onFree();
  }

  #end(filled: readonly FilledRun[]): void {
    this.#runningCount -= countOf(filled);
    this.#events.onEnded();
  }
}

function countOf(filled: readonly FilledRun[]): number {
  let count = 0;
  for (const { entries } of filled) count += entries.length;
  return count;
}
