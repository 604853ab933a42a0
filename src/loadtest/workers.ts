import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { mergeParallel, type LoadPlan, type LoadResult } from './load.js';
import type { FromWorker, TargetPlan, ToWorker } from './messages.js';

const workerFile = fileURLToPath(new URL('./worker.js', import.meta.url));

/**
 * Load from processes of their own, so that making it costs the server that is measured nothing but its
 * share of the machine. Connections and lanes are spread over the processes; each has a connection at
 * least, and one that gets no lane idles.
 */
export class LoadWorkers {
  readonly #workers: readonly ChildProcess[];

  constructor(count: number) {
    this.#workers = Array.from({ length: count }, () => fork(workerFile, { serialization: 'advanced' }));
  }

  async connect(plan: TargetPlan): Promise<void> {
    const shares = share(plan.connectionCount, this.#workers.length);
    await this.#askAll((index) => ({
      kind: 'connect',
      plan: { ...plan, connectionCount: Math.max(1, shares[index] ?? 0) },
    }));
  }

  /** Drives a load over what was connected last; a short one before is how to warm up. */
  async drive({ concurrency, limit }: LoadPlan): Promise<LoadResult> {
    const active = Math.min(concurrency, this.#workers.length);
    const lanes = share(concurrency, active);
    const counts = limit.kind === 'count' ? share(limit.count, active) : [];
    const answers = await this.#askAll((index) => ({
      kind: 'drive',
      plan: {
        concurrency: lanes[index] ?? 0,
        limit: limit.kind === 'count' ? { kind: 'count', count: counts[index] ?? 0 } : limit,
      },
    }));
    return mergeParallel(answers.flatMap((answer) => (answer.kind === 'driven' ? [answer.result] : [])));
  }

  close(): void {
    for (const worker of this.#workers) worker.disconnect();
  }

  #askAll(question: (index: number) => ToWorker): Promise<FromWorker[]> {
    return Promise.all(this.#workers.map((worker, index) => ask(worker, question(index))));
  }
}

/** `total` in whole parts that differ by at most one, the larger ones first. */
function share(total: number, parts: number): number[] {
  return Array.from({ length: parts }, (_, i) => Math.floor(total / parts) + (i < total % parts ? 1 : 0));
}

function ask(worker: ChildProcess, question: ToWorker): Promise<FromWorker> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('a load process has ended before it answered'));
    worker.once('exit', ended);
    worker.once('message', (answer) => {
      worker.off('exit', ended);
      resolve(answer as FromWorker);
    });
    worker.send(question, (error) => {
      if (error !== null) reject(error);
    });
  });
}
