import { Worker } from 'node:worker_threads';
import type { RareLog } from './rare-log.js';
import type { FromSpanThread, SpanExportOptions, ToSpanThread } from './span-messages.js';
import type { SpanRecord } from './trace-record.js';

/**
 * Hands finished traces to the thread that exports them as spans, several in one message. What the thread has not
 * taken yet is bounded by the size of its queue; what is more is lost, and that is told.
 */
export class SpanExport {
  readonly #worker: Worker;
  readonly #log: RareLog;
  readonly #waitingMax: number;
  readonly #closed: Promise<void>;
  #records: SpanRecord[] = [];
  /** Records that the thread has not taken. */
  #waiting = 0;
  #dead = false;
  #tellClosed = (): void => {};

  private constructor(worker: Worker, options: SpanExportOptions, log: RareLog) {
    this.#worker = worker;
    this.#log = log;
    this.#waitingMax = options.queueSizeMax;
    worker.on('message', (message: FromSpanThread) => this.#receive(message));
    worker.on('error', (error) => log.warning(`traces: the exporter's thread has ended: ${error.message}`));
    this.#closed = new Promise((resolve) => {
      this.#tellClosed = resolve;
      worker.once('exit', () => {
        this.#dead = true;
        resolve();
      });
    });
    // It is no reason for the process to stay.
    worker.unref();
  }

  /** Starts the thread; rejects when OpenTelemetry's libraries are not installed. */
  static open(options: SpanExportOptions, log: RareLog): Promise<SpanExport> {
    const worker = new Worker(new URL('./span-thread.js', import.meta.url), {
      name: 'spans',
      workerData: options,
    });
    return new Promise((resolve, reject) => {
      worker.once('error', reject);
      const heard = (message: FromSpanThread): void => {
        if (message.kind === 'warning') return log.warning(`traces: ${message.line}`);
        worker.off('message', heard);
        worker.off('error', reject);
        resolve(new SpanExport(worker, options, log));
      };
      worker.on('message', heard);
    });
  }

  send(record: SpanRecord): void {
    if (this.#dead || this.#waiting >= this.#waitingMax) {
      this.#log.warning('traces: one is lost, more come than are exported');
      return;
    }
    this.#waiting++;
    this.#records.push(record);
    if (this.#records.length === 1) setImmediate(() => this.#post());
  }

  /** Has all sent that was handed over; resolves when it was, or cannot be. */
  async close(): Promise<void> {
    this.#post();
    if (this.#dead) return;
    this.#worker.ref();
    this.#worker.postMessage({ kind: 'close' } satisfies ToSpanThread);
    await this.#closed;
    this.#dead = true;
    await this.#worker.terminate();
  }

  #post(): void {
    const records = this.#records;
    this.#records = [];
    if (records.length === 0 || this.#dead) return;
    this.#worker.postMessage({ kind: 'records', records } satisfies ToSpanThread);
  }

  #receive(message: FromSpanThread): void {
    switch (message.kind) {
      case 'took':
        this.#waiting -= message.count;
        return;
      case 'warning':
        this.#log.warning(`traces: ${message.line}`);
        return;
      case 'closed':
        this.#tellClosed();
        return;
      case 'ready':
    }
  }
}
