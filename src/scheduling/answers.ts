import { InferenceError, type FailureReason } from '../inference/error.js';
import type { RunTimings } from '../inference/timings.js';
import type { FinishedRun } from '../instances/instance.js';
import { AnswerOrder } from './answer-order.js';
import type { Batcher } from './batcher.js';
import type { Entry } from './entry.js';
import type { Recorder } from './recorder.js';
import { scatter, type Answer, type Source } from './scatter.js';
import { traceFailure, traceRun } from './trace-run.js';

export interface AnswersParts {
  readonly source: Source;
  readonly recorder: Recorder;
  readonly batcher: Batcher;
  readonly nowUs: () => number;
  /** Whether answers leave in the order in which their requests came. */
  readonly ordered: boolean;
}

/** Ends requests: records each once and gives its caller the answer, in order where that is asked for. */
export class Answers {
  readonly #parts: AnswersParts;
  readonly #order: AnswerOrder | undefined;

  constructor(parts: AnswersParts) {
    this.#parts = parts;
    this.#order = parts.ordered ? new AnswerOrder(settle) : undefined;
  }

  /** To be called for each request that is let in. */
  accept(entry: Entry): void {
    this.#order?.accept(entry);
  }

  /** Gives each request of a run its rows; `startUs` is when the run was taken from the queue. */
  finish(entries: readonly Entry[], run: FinishedRun, startUs: number): void {
    const { source, recorder, batcher, nowUs } = this.#parts;
    const requests = entries.map(({ request }) => request);
    const answers = scatter(source, requests, run);
    const timings: RunTimings = {
      startUs,
      inputEndUs: run.inputEndUs,
      inferEndUs: run.inferEndUs,
      endUs: nowUs(),
    };
    traceRun(source, entries, { answers, timings });
    let rows = 0;
    let succeeded = false;
    for (let index = 0; index < entries.length; index++) {
      const [entry, answer] = [entries[index], answers[index]];
      if (entry === undefined || answer === undefined)
        throw new Error('A request has no answer. This is a bug.');
      rows += entry.rows;
      if (answer instanceof InferenceError && answer.code !== 'cancelled') {
        recorder.recordFailure('backend', timings.endUs - entry.startUs);
      } else {
        // One whose caller gave up meanwhile has run all the same, and Triton counts it as such.
        succeeded = true;
        recorder.recordSuccess(entry, timings);
        batcher.answered(timings.endUs - entry.startUs);
      }
      this.#give(entry, answer);
    }
    if (succeeded) recorder.recordRun(rows, timings);
  }

  /** The model failed on these, which were taken from the queue at `startUs`. */
  fail(entries: readonly Entry[], error: InferenceError, startUs: number): void {
    const { recorder, nowUs } = this.#parts;
    traceFailure(entries, startUs, nowUs());
    for (const entry of entries) {
      recorder.recordFailure('backend', nowUs() - entry.startUs);
      this.#give(entry, error);
    }
  }

  /** Ends a request that never ran; it holds up no other. */
  refuse(entry: Entry, reason: FailureReason, error: InferenceError): void {
    const { recorder, nowUs } = this.#parts;
    recorder.recordFailure(reason, nowUs() - entry.startUs);
    this.#order?.forget(entry);
    entry.reject(error);
  }

  #give(entry: Entry, answer: Answer): void {
    if (this.#order === undefined) settle(entry, answer);
    else this.#order.answer(entry, answer);
  }
}

function settle(entry: Entry, answer: Answer): void {
  if (answer instanceof InferenceError) {
    // Whatever comes this way had begun to run.
    answer.executed = true;
    entry.reject(answer);
  } else {
    entry.resolve(answer);
  }
}
