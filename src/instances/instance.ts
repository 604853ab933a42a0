import { Worker } from 'node:worker_threads';
import { InferenceError } from '../inference/error.js';
import type { Datatype } from '../tensors/datatype.js';
import type {
  ErrorMessage,
  FromThread,
  OpenMessage,
  OutputPlan,
  OutputSpan,
  Run,
  ThreadResult,
  ToThread,
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
  /** When its inputs were ready and when the model had run, on the process's clock. */
  readonly inputEndUs: number;
  readonly inferEndUs: number;
}

/** The model failed; the slot may be used again, and so may the instance. */
export interface FailedRun {
  readonly kind: 'failed';
  readonly error: InferenceError;
  readonly slot: ArrayBufferLike;
}

export type RunResult = FinishedRun | FailedRun;

/** What comes back of a hand-off: a result for each of its runs, and how long all of them took. */
export interface HandBack {
  readonly results: readonly RunResult[];
  readonly tookUs: number;
}

/** What the scheduler sees of an instance: something that takes batches, runs them one by one and brings them back. */
export interface Instance {
  readonly name: string;
  /** Rejects when the instance is lost, and the slots with it. */
  run(runs: readonly Run[]): Promise<HandBack>;
}

interface Pending {
  resolve(result: HandBack): void;
  reject(error: InferenceError): void;
}

export interface ThreadOptions {
  /** Called once when the thread ends without having been told to. */
  readonly onDeath: (error: InferenceError) => void;
  /** A limit for the thread's JavaScript heap; Node's own when left out. */
  readonly heapLimitMb?: number | undefined;
}

/**
 * An instance in a worker thread of its own. One hand-off is with the thread at a time. A thread that dies
 * fails the batches that it held with UNAVAILABLE. It is never terminated while a run is in flight: that
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

  run(runs: readonly Run[]): Promise<HandBack> {
    if (this.#pending !== undefined) throw new Error(`${this.name} holds batches already. This is a bug.`);
    if (this.#gone) return Promise.reject(threadError(`the thread of instance '${this.name}' has ended`));
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      const slots = runs.map(({ slot }) => slot);
      const moved = slots.filter((slot): slot is ArrayBuffer => slot instanceof ArrayBuffer);
      this.#post({ kind: 'run', runs }, moved);
    });
  }

  /** Asks the thread to leave and waits until it has, which is after the run that it may hold. */
  async close(): Promise<void> {
    if (!this.#leaving && !this.#gone) {
      this.#leaving = true;
      this.#post({ kind: 'leave' });
    }
    await this.#exited;
  }

  #post(message: ToThread, moved: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, moved);
  }

  #receive(message: FromThread): void {
    const pending = this.#pending;
    if (pending === undefined) throw new Error(`${this.name} answered without a batch. This is a bug.`);
    this.#pending = undefined;
    if (message.kind !== 'ran') throw new Error(`${this.name} is open already. This is a bug.`);
    const { results, tookUs } = message;
    pending.resolve({ results: results.map(toResult), tookUs });
  }

  #died(cause: unknown, onDeath: ThreadOptions['onDeath']): void {
    const error = threadError(`the thread of instance '${this.name}' ended unexpectedly`, cause);
    this.#lose(error);
    if (!this.#leaving) onDeath(error);
  }

  /** The batches with the thread, if any, will have no answer. */
  #lose(error: InferenceError): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.reject(error);
  }
}

function toResult(result: ThreadResult): RunResult {
  const { slot } = result;
  if (result.kind === 'failed') return { kind: 'failed', slot, error: fromThread(result.error) };
  const { inputEndUs, inferEndUs } = result;
  const outputs = result.outputs.map((output) => toOutput(output, slot));
  return { kind: 'done', slot, outputs, inputEndUs, inferEndUs };
}

/** An output over the bytes that its span names. */
export function toOutput(span: OutputSpan, slot: ArrayBufferLike): OutputTensor {
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
