import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { residentBytes } from '../process-usage.js';
import { progress } from '../progress.js';
import type { FromGenerator, GeneratorOrder, PhaseFigures } from './generator.js';

/** A phase and the most that the server held during it. */
export interface PhaseRecord extends PhaseFigures {
  readonly residentMiB: number;
}

const sampleMs = 50;

/** A process that plays the phases of its order without a pause between them, until it is through or `close`. */
export class LoadProcess {
  /** What was measured; rejects when the process ends before it is through. */
  readonly records: Promise<readonly PhaseRecord[]>;
  readonly #child: ChildProcess;
  readonly #mostMiB = new Map<string, number>();
  readonly #sampling: NodeJS.Timeout;
  #current = '';

  constructor(order: GeneratorOrder, serverPid: number) {
    this.#child = fork(fileURLToPath(new URL('./generator.js', import.meta.url)), {
      serialization: 'advanced',
    });
    this.#sampling = setInterval(() => {
      const mib = residentBytes(serverPid) / 1024 / 1024;
      this.#mostMiB.set(this.#current, Math.max(this.#mostMiB.get(this.#current) ?? 0, mib));
    }, sampleMs);
    this.records = this.#listen();
    // It is told to whoever waits for the records.
    this.records.catch(() => {});
    this.#child.send(order);
  }

  /** Resolves when the first phase has begun. */
  async begun(): Promise<void> {
    await Promise.race([once(this.#child, 'message'), this.records]);
  }

  /** Ends the phase that is played; resolves when the next one has begun, or when there is none. */
  async next(): Promise<void> {
    const moved = once(this.#child, 'message');
    this.#child.send('next');
    await Promise.race([moved, this.records]);
  }

  close(): void {
    clearInterval(this.#sampling);
    if (this.#child.exitCode === null) this.#child.kill();
  }

  async #listen(): Promise<readonly PhaseRecord[]> {
    const figures = await new Promise<readonly PhaseFigures[]>((resolve, reject) => {
      this.#child.once('exit', () => reject(new Error('the load process has ended before it answered')));
      this.#child.on('message', (message: FromGenerator) => {
        if (message.kind === 'done') return resolve(message.figures);
        this.#current = message.name;
        progress(this.#current);
      });
    });
    return figures.map((one) => ({ ...one, residentMiB: this.#mostMiB.get(one.name) ?? 0 }));
  }
}

/** Plays all phases in a process of their own. */
export async function playPhases(order: GeneratorOrder, pid: number): Promise<readonly PhaseRecord[]> {
  const load = new LoadProcess(order, pid);
  try {
    return await load.records;
  } finally {
    load.close();
  }
}
