import type { SpanRecord } from './trace-record.js';

/** How spans are sent on; what is absent is as OpenTelemetry's variables of the environment say, or its default. */
export interface SpanExportOptions {
  /** Where the receiver is. */
  readonly url: string | undefined;
  /** Attributes of all spans' resource. */
  readonly resource: Readonly<Record<string, string>>;
  readonly queueSizeMax: number;
  readonly scheduleDelayMs: number;
  readonly exportBatchSizeMax: number;
}

/** To the thread that exports spans. */
export type ToSpanThread =
  | { readonly kind: 'records'; readonly records: readonly SpanRecord[] }
  | { readonly kind: 'close' };

/** From that thread. */
export type FromSpanThread =
  | { readonly kind: 'ready' }
  /** So many records were made spans. */
  | { readonly kind: 'took'; readonly count: number }
  | { readonly kind: 'warning'; readonly line: string }
  /** All spans have been sent, or cannot be. */
  | { readonly kind: 'closed' };
