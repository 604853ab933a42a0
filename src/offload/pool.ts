import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';

/** How long a thread without work is kept where nothing else was said: a load that follows at once needs no new one. */
const idleTimeoutMs = 1000;

export interface OffloadOptions {
  /** The module whose default export does the work; what it is given and answers is cloned. */
  readonly module: URL;
  readonly threadsMax: number;
  /** How long a thread without work is kept. */
  readonly idleTimeoutMs?: number;
}

/**
 * Threads for work that any thread may do, away from the event loop. None is there until there is work, and
 * all end when there is none; idle ones do not keep the process.
 */
export class OffloadPool<Task, Result> {
  readonly #options: OffloadOptions;
  #pool: Promise<Piscina> | undefined;

  constructor(options: OffloadOptions) {
    this.#options = options;
  }

  /**
   * Does the work in a thread; more of it than there are threads waits in line. The memory of `buffers` goes over to the
   * thread and is no longer here.
   */
  async run(task: Task, buffers: readonly ArrayBuffer[] = []): Promise<Result> {
    this.#pool ??= open(this.#options);
    return (await (await this.#pool).run(task, { transferList: [...buffers] })) as Result;
  }

  /** Threads that there are right now. */
  async countThreads(): Promise<number> {
    return (await this.#pool)?.threads.length ?? 0;
  }
}

/** The library is loaded with the first work: a server that needs none never pays for it. */
async function open({
  module,
  threadsMax,
  idleTimeoutMs: keptMs = idleTimeoutMs,
}: OffloadOptions): Promise<Piscina> {
  const { Piscina } = await import('piscina');
  return new Piscina({
    filename: fileURLToPath(module),
    minThreads: 0,
    maxThreads: threadsMax,
    idleTimeout: keptMs,
    // A worker that waits by Atomics would not turn its loop, on which native work answers.
    atomics: 'disabled',
    // Latencies of this pool are not looked at.
    recordTiming: false,
  });
}
