import { Worker } from 'node:worker_threads';
import { InferenceError } from '../inference/error.js';
import type { Datatype } from '../tensors/datatype.js';
import type {
  ErrorMessage,
  FromThread,
  OpenMessage,
  OutputPlan,
  OutputSpan,
  RunMessage,
} from './messages.js';

/** An output as the model gave it, batch dimension included, over memory that the run has filled. */
export interface OutputTensor {
  readonly index: number;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** Its outputs lie in the slot, which may be used again once they are read. */
export interface FinishedRun {
  readonly kind: 'done';
  readonly outputs: readonly OutputTensor[];
  readonly slot: ArrayBufferLike;
}

/** The model failed; the slot may be used again, and so may the instance. */
export interface FailedRun {
  readonly kind: 'failed';
  readonly error: InferenceError;
  readonly slot: ArrayBufferLike;
}

export type RunResult = FinishedRun | FailedRun;

/** What the scheduler sees of an instance: something that runs one batch at a time. */
export interface Instance {
  readonly name: string;
  /** Rejects when the instance is lost, and the slot with it. */
  run(batch: RunMessage): Promise<RunResult>;
}

interface Pending {
  resolve(result: RunResult): void;
  reject(error: InferenceError): void;
}

export interface ThreadOptions {
  /** Called once when the thread ends without having been told to. */
  readonly onDeath: (error: InferenceError) => void;
  /** A limit for the thread's JavaScript heap; Node's own when left out. */
  readonly heapLimitMb?: number | undefined;
}

/**
 * An instance in a worker thread of its own. One batch is with the thread at a time. A thread that dies
 * fails the batch that it held with UNAVAILABLE. It is never terminated while a run is in flight: that
 * would abort the process.
 */
export class ThreadInstance implements Instance {
  readonly name: string;
  readonly outputs: readonly OutputPlan[];
  readonly #worker: Worker;
  #pending: Pending | undefined;
  #leaving = false;
  #gone = false;
  readonly #exited: Promise<void>;

  private constructor(
    worker: Worker,
    name: string,
    outputs: readonly OutputPlan[],
    onDeath: ThreadOptions['onDeath'],
  ) {
    this.name = name;
    this.outputs = outputs;
    this.#worker = worker;
    worker.on('message', (message: FromThread) => this.#receive(message));
    worker.on('messageerror', (error) => this.#lose(threadError(`'${name}' answered unreadably`, error)));
    let cause: unknown;
    worker.on('error', (error) => (cause = error));
    this.#exited = new Promise((resolve) => {
      worker.once('exit', (code) => {
        this.#gone = true;
        this.#died(cause ?? new Error(`exit code ${code}`), onDeath);
        resolve();
      });
    });
  }

  /** Starts the thread and waits until its session is open; a refusal is the model's load error. */
  static open(model: OpenMessage, { onDeath, heapLimitMb }: ThreadOptions): Promise<ThreadInstance> {
    const worker = new Worker(new URL('./thread.js', import.meta.url), {
      name: model.name,
      workerData: model,
      ...(heapLimitMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapLimitMb } }),
    });
    return new Promise((resolve, reject) => {
      const failed = (error: unknown): void =>
        reject(
          threadError(`the thread of instance '${model.name}' ended before its session was open`, error),
        );
      const exited = (code: number): void => failed(new Error(`exit code ${code}`));
      worker.once('error', failed);
      worker.once('exit', exited);
      worker.once('message', (message: FromThread) => {
        // The listener for errors stays: an error that nobody listens to would end the process.
        worker.off('exit', exited);
        if (message.kind === 'ready') {
          resolve(new ThreadInstance(worker, model.name, message.outputs, onDeath));
        } else if (message.kind === 'refused') {
          reject(fromThread(message.error));
        }
      });
    });
  }

  run(batch: RunMessage): Promise<RunResult> {
    if (this.#pending !== undefined) throw new Error(`${this.name} holds a batch already. This is a bug.`);
    if (this.#gone) return Promise.reject(threadError(`the thread of instance '${this.name}' has ended`));
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      this.#worker.postMessage(batch, batch.slot instanceof ArrayBuffer ? [batch.slot] : []);
    });
  }

  /** Asks the thread to leave and waits until it has, which is after the run that it may hold. */
  async close(): Promise<void> {
    if (!this.#leaving && !this.#gone) {
      this.#leaving = true;
      this.#worker.postMessage({ kind: 'leave' });
    }
    await this.#exited;
  }

  #receive(message: FromThread): void {
    const pending = this.#pending;
    if (pending === undefined) throw new Error(`${this.name} answered without a batch. This is a bug.`);
    this.#pending = undefined;
    if (message.kind === 'done') {
      const { slot } = message;
      const outputs = message.outputs.map((output) => toOutput(output, slot));
      pending.resolve({ kind: 'done', slot, outputs });
    } else if (message.kind === 'failed') {
      pending.resolve({ kind: 'failed', slot: message.slot, error: fromThread(message.error) });
    }
  }

  #died(cause: unknown, onDeath: ThreadOptions['onDeath']): void {
    const error = threadError(`the thread of instance '${this.name}' ended unexpectedly`, cause);
    this.#lose(error);
    if (!this.#leaving) onDeath(error);
  }

  /** The batch with the thread, if any, will have no answer. */
  #lose(error: InferenceError): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.reject(error);
  }
}

function toOutput(span: OutputSpan, slot: ArrayBufferLike): OutputTensor {
  const { index, datatype, shape, buffer, offset, byteLength } = span;
  return { index, datatype, shape, data: new Uint8Array(buffer ?? slot, offset, byteLength) };
}

function fromThread({ code, message, stack }: ErrorMessage): InferenceError {
  const error = new InferenceError(code, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

function threadError(message: string, cause?: unknown): InferenceError {
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  return new InferenceError('unavailable', `${message}${why}`, { cause });
}
