/** What a finished trace and an executed batch are as plain data: what crosses to the thread that exports them. */

/** A moment that has a name, in microseconds of the process's clock. */
export interface TraceStamp {
  readonly name: string;
  readonly us: number;
}

/** Where a span stands: in which trace, and who it is. */
export interface SpanPlace {
  readonly traceId: string;
  readonly spanId: string;
}

export interface TraceRecord {
  readonly kind: 'request';
  readonly id: number;
  readonly modelName: string;
  readonly modelVersion: number;
  /** Empty where the caller gave none. */
  readonly requestId: string;
  /** Of the span `compute`, to which batches are linked. */
  readonly compute: SpanPlace;
  /** Of the caller's span; empty where there is none. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly stamps: readonly TraceStamp[];
  /** The batch in which it ran, if it did. */
  readonly batch: SpanPlace | undefined;
  /** Why it failed, if it did. */
  readonly error: string | undefined;
  /** What is to be added to a time of the process's clock to count from 1970. */
  readonly wallOffsetUs: number;
}

export interface BatchRecord {
  readonly kind: 'batch';
  readonly modelName: string;
  readonly modelVersion: number;
  readonly place: SpanPlace;
  readonly rows: number;
  readonly requestCount: number;
  readonly stamps: readonly TraceStamp[];
  /** The spans `compute` of those of its requests that are traced. */
  readonly requests: readonly SpanPlace[];
  readonly wallOffsetUs: number;
}

export type SpanRecord = TraceRecord | BatchRecord;
