import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cpuSeconds, residentBytes } from '../process-usage.js';
import type { ServerProcess } from '../server-process.js';
import { wait, type AttackOutcome, type AttackSetup } from './attack.js';
import type { AttackOrder } from './attacker.js';
import type { GoodFigures, GoodOrder } from './good-callers.js';
import type { AttackEntry } from './table.js';

/** All that was seen of one attack. */
export interface AttackRecord {
  readonly attack: string;
  readonly outcome: AttackOutcome;
  readonly good: GoodFigures;
  /** How the server has ended, when it did not live through it. */
  readonly serverEnded: string | undefined;
  readonly beforeMiB: number;
  readonly peakMiB: number;
  readonly afterMiB: number;
  readonly serverCpuSeconds: number;
  readonly seconds: number;
}

export interface StagePlan {
  readonly seconds: number;
  readonly waitSeconds: number;
  readonly goodCallers: number;
  /** A server that grows beyond this is ended: the machine is not only ours. */
  readonly residentMiBMax: number;
}

const warmUpMs = 3000;
const settleMs = 2000;
const sampleMs = 50;
const answerMsMax = 10_000;
/** What an attack may take beyond what it was told. */
const graceMs = 90_000;

const MiB = 1024 * 1024;

/** Plays one attack against a server of its own, with good callers beside it. */
export async function play(
  entry: AttackEntry,
  server: ServerProcess,
  plan: StagePlan,
): Promise<AttackRecord> {
  const good = forkFile('good-callers.js');
  const watch = new Watch(server, plan.residentMiBMax);
  try {
    send(good, { kind: 'start', port: server.port, callers: plan.goodCallers });
    await wait(warmUpMs);
    send(good, { kind: 'mark' });
    watch.mark();
    const startMs = performance.now();
    const outcome = await attack(entry.name, { ...plan, port: server.port });
    const seconds = (performance.now() - startMs) / 1000;
    await wait(settleMs);
    const figures = await report(good);
    return { attack: entry.name, outcome, good: figures, seconds, ...watch.end() };
  } finally {
    watch.end();
    good.kill('SIGKILL');
    await server.close();
  }
}

/** Reads the server's memory until it is told to end, and ends the server when it holds too much. */
class Watch {
  readonly #server: ServerProcess;
  readonly #timer: NodeJS.Timeout;
  readonly #residentMiBMax: number;
  #beforeMiB = 0;
  #cpuBefore = 0;
  #cpu = 0;
  #nowMiB = 0;
  #peakMiB = 0;
  #stopped: string | undefined;

  constructor(server: ServerProcess, residentMiBMax: number) {
    this.#server = server;
    this.#residentMiBMax = residentMiBMax;
    this.#timer = setInterval(() => this.#sample(), sampleMs);
  }

  mark(): void {
    this.#sample();
    this.#beforeMiB = this.#peakMiB = this.#nowMiB;
    this.#cpuBefore = this.#cpu;
  }

  end(): Pick<AttackRecord, 'serverEnded' | 'beforeMiB' | 'peakMiB' | 'afterMiB' | 'serverCpuSeconds'> {
    this.#sample();
    clearInterval(this.#timer);
    return {
      serverEnded: this.#stopped ?? this.#server.ended,
      beforeMiB: this.#beforeMiB,
      peakMiB: this.#peakMiB,
      afterMiB: this.#nowMiB,
      serverCpuSeconds: this.#cpu - this.#cpuBefore,
    };
  }

  #sample(): void {
    if (this.#server.ended !== undefined) return;
    try {
      this.#nowMiB = residentBytes(this.#server.pid) / MiB;
      this.#cpu = cpuSeconds(this.#server.pid);
    } catch {
      // The process is just ending; what was read last stays.
      return;
    }
    this.#peakMiB = Math.max(this.#peakMiB, this.#nowMiB);
    if (this.#nowMiB < this.#residentMiBMax || this.#stopped !== undefined) return;
    this.#stopped = `ended by the bench at ${this.#residentMiBMax} MiB`;
    process.kill(this.#server.pid, 'SIGKILL');
  }
}

/** The attack in a process of its own; one that does not end is ended and told of. */
function attack(name: string, setup: AttackSetup): Promise<AttackOutcome> {
  const child = forkFile('attacker.js');
  return new Promise((resolve) => {
    const limitMs = (setup.seconds * 3 + setup.waitSeconds) * 1000 + graceMs;
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve({ what: 'the attack itself has ended without a result', cut: false });
    });
    child.once('message', (outcome) => resolve(outcome as AttackOutcome));
    const order: AttackOrder = { name, setup };
    child.send(order);
  });
}

function report(good: ChildProcess): Promise<GoodFigures> {
  const none = { calls: 0, failed: 0, failures: [], p50Us: 0, p99Us: 0 };
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, answerMsMax, none);
    good.once('message', (figures) => {
      clearTimeout(timer);
      resolve(figures as GoodFigures);
    });
    send(good, { kind: 'report' });
  });
}

function send(good: ChildProcess, order: GoodOrder): void {
  good.send(order);
}

function forkFile(name: string): ChildProcess {
  return fork(fileURLToPath(new URL(`./${name}`, import.meta.url)));
}
