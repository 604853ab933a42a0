import type { RequestTrace, TraceSink } from '../inference/request-trace.js';
import { ArrayFile, type ArrayFileParts } from '../telemetry/array-file.js';
import type { RareLog } from '../telemetry/rare-log.js';
import { traceJson } from './trace-json.js';

/** A sink that is told when no more traces come. */
export interface ClosableSink extends TraceSink {
  close(): void;
}

/** What a trace without tensors holds, roughly. */
const traceBytes = 2048;

/**
 * The trace files of a server: one for all traces, or numbered ones of so many traces each. Traces are written as
 * they end; nothing waits for the exit.
 */
export class TraceFiles {
  readonly #path: string;
  readonly #parts: ArrayFileParts<RequestTrace>;
  readonly #open = new Set<ArrayFile<RequestTrace>>();
  readonly #closing = new Set<Promise<void>>();
  #whole: ArrayFile<RequestTrace> | undefined;
  #nextIndex = 0;

  constructor(path: string, log: RareLog) {
    this.#path = path;
    this.#parts = {
      encode: traceJson,
      bytesOf: (trace) => traceBytes + trace.heldBytes,
      onLost: (count, reason) =>
        log.warning(`traces: ${count} lost, the trace file cannot be written: ${reason}`),
    };
  }

  /** Where the traces of one setting go: with `frequency` 0 to the one file, else into files of so many each. */
  sink(frequency: number): ClosableSink {
    if (frequency === 0) {
      const file = (this.#whole ??= this.#create(this.#path));
      return { traceEnded: (trace) => file.add(trace), batchRan() {}, close() {} };
    }
    let file: ArrayFile<RequestTrace> | undefined;
    let count = 0;
    const close = (): void => {
      if (file !== undefined) this.#close(file);
      file = undefined;
      count = 0;
    };
    return {
      traceEnded: (trace) => {
        file ??= this.#create(`${this.#path}.${this.#nextIndex++}`);
        file.add(trace);
        if (++count >= frequency) close();
      },
      batchRan() {},
      close,
    };
  }

  /** Writes what waits and lets go of all files. */
  async close(): Promise<void> {
    for (const file of this.#open) this.#close(file);
    await Promise.all(this.#closing);
  }

  #create(path: string): ArrayFile<RequestTrace> {
    const file = new ArrayFile(path, this.#parts);
    this.#open.add(file);
    return file;
  }

  #close(file: ArrayFile<RequestTrace>): void {
    this.#open.delete(file);
    const closing = file.close().catch(() => {});
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
  }
}
