import type { BatchTrace, RequestTrace, TraceSink } from '../inference/request-trace.js';
import type { ClosableSink } from './trace-files.js';
import { isOff, type OwnSettings, type TraceSettings } from './trace-settings.js';

/**
 * One setting while it holds: it counts requests and says which are sampled. A change makes a new scope; traces that
 * began in this one end in it, and its sink is closed behind the last of them.
 */
export class TraceScope implements TraceSink {
  /** What is set for this scope itself, the count as it was set. */
  readonly own: OwnSettings;
  readonly #settings: TraceSettings;
  readonly #sink: ClosableSink;
  #remaining: number;
  #seen = 0;
  #openCount = 0;
  #retired = false;

  constructor(settings: TraceSettings, own: OwnSettings, sink: ClosableSink) {
    this.#settings = settings;
    this.own = own;
    this.#sink = sink;
    this.#remaining = settings.count;
  }

  /** With the count that is left. */
  get settings(): TraceSettings {
    return { ...this.#settings, count: this.#remaining };
  }

  /** Whether anything is traced in it: else nobody need ask. */
  get traces(): boolean {
    return !isOff(this.#settings.level);
  }

  /** Whether a request of it may be sampled by its turn. */
  get samples(): boolean {
    return this.traces && this.#settings.rate > 0 && this.#remaining !== 0;
  }

  /** Counts a request; true when it is one to be sampled. */
  take(): boolean {
    if (!this.samples || ++this.#seen < this.#settings.rate) return false;
    this.#seen = 0;
    if (this.#remaining > 0) this.#remaining--;
    return true;
  }

  /** A trace begins that will end here. */
  begin(): void {
    this.#openCount++;
  }

  /** It is replaced: no trace begins in it any more. */
  retire(): void {
    this.#retired = true;
    if (this.#openCount === 0) this.#sink.close();
  }

  traceEnded(trace: RequestTrace): void {
    this.#openCount--;
    this.#sink.traceEnded(trace);
    if (this.#retired && this.#openCount === 0) this.#sink.close();
  }

  batchRan(batch: BatchTrace): void {
    this.#sink.batchRan(batch);
  }
}
