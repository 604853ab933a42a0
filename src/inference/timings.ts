/**
 * When a batch went through what, in microseconds of the process's monotonic clock, threads included.
 * Every request of the batch is charged all of it.
 */
export interface RunTimings {
  /** It was taken for execution. */
  readonly startUs: number;
  /** Its inputs were ready for the model. */
  readonly inputEndUs: number;
  /** The model had run. */
  readonly inferEndUs: number;
  /** Its outputs were split among the requests. */
  readonly endUs: number;
}
