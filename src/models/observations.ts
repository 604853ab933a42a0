import type { RunTimings } from '../inference/timings.js';
import type { CountedRequest } from '../scheduling/recorder.js';
import { DurationHistogram, ValueHistogram } from '../telemetry/histogram.js';
import { Summary } from '../telemetry/summary.js';
import type { Quantile } from '../telemetry/quantile-sketch.js';

/** The parts of a request's time, and all of it. */
export const stageNames = ['queue', 'input', 'infer', 'output', 'request'] as const;

export type StageName = (typeof stageNames)[number];

export type Stages<T> = Readonly<Record<StageName, T>>;

/** What is to be observed beside a histogram of each stage. */
export interface ObservationOptions {
  /** The quantiles of Triton's summaries; undefined: no summaries. */
  readonly quantiles: readonly Quantile[] | undefined;
  /** The buckets of Triton's histogram, in milliseconds; undefined: no such histogram. */
  readonly firstResponseMs: readonly number[] | undefined;
}

/** How the durations of requests that succeeded are spread, in plain numbers: an observation makes no object. */
export class Observations {
  readonly stages: Stages<DurationHistogram> = eachStage(() => new DurationHistogram());
  readonly firstResponse: ValueHistogram | undefined;
  /** Durations in microseconds. */
  #summaries: Stages<Summary> | undefined;

  constructor({ quantiles, firstResponseMs }: ObservationOptions, nowMs: () => number) {
    if (quantiles !== undefined) this.#summaries = eachStage(() => new Summary(quantiles, nowMs));
    if (firstResponseMs !== undefined) this.firstResponse = new ValueHistogram(firstResponseMs);
  }

  get summaries(): Stages<Summary> | undefined {
    return this.#summaries;
  }

  /** Goes on with the summaries of the version that it takes over from. */
  continueSummaries(before: Observations): void {
    this.#summaries = before.#summaries;
  }

  observe({ startUs, enqueuedUs }: CountedRequest, run: RunTimings): void {
    const { stages } = this;
    stages.queue.observe(run.startUs - enqueuedUs);
    stages.input.observe(run.inputEndUs - run.startUs);
    stages.infer.observe(run.inferEndUs - run.inputEndUs);
    stages.output.observe(run.endUs - run.inferEndUs);
    stages.request.observe(run.endUs - startUs);
    this.firstResponse?.observe((run.endUs - startUs) / 1000);
    const summaries = this.#summaries;
    if (summaries === undefined) return;
    summaries.queue.observe(Math.max(0, run.startUs - enqueuedUs));
    summaries.input.observe(Math.max(0, run.inputEndUs - run.startUs));
    summaries.infer.observe(Math.max(0, run.inferEndUs - run.inputEndUs));
    summaries.output.observe(Math.max(0, run.endUs - run.inferEndUs));
    summaries.request.observe(Math.max(0, run.endUs - startUs));
  }
}

export function eachStage<T>(make: (stage: StageName) => T): Stages<T> {
  return {
    queue: make('queue'),
    input: make('input'),
    infer: make('infer'),
    output: make('output'),
    request: make('request'),
  };
}
