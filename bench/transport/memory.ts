import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { formatTable } from '../../src/loadtest/report.js';
import { verdict, type Verdict } from '../judge.js';
import { residentBytes } from '../process-usage.js';
import { progress } from '../progress.js';
import type { ServerProcess } from '../server-process.js';
import type { HolderOrder } from './connection-holder.js';
import { startEcho, type EchoPlan } from './subjects.js';
import { idleConnectionBytesMost, leftShareMost } from './targets.js';

const holderFile = fileURLToPath(new URL('./connection-holder.js', import.meta.url));
const warmUpCalls = 20_000;
const settleMs = 500;

export interface MemoryPlan {
  /** Connections that are held, and that come and go. */
  readonly held: number;
  readonly churned: number;
}

export interface MemoryMeasurement {
  readonly subject: string;
  readonly idleBytesPerConnection: number;
  readonly held: number;
  readonly residentMiB: number;
  /** Connections that came and went with a call each, and what that left after the first fifth of them. */
  readonly churned: number;
  readonly leftBytes: number;
}

/** What connections cost a server that has only them; the bare socket's share is the last of the list. */
export async function measureMemory(
  plans: readonly EchoPlan[],
  plan: MemoryPlan,
): Promise<MemoryMeasurement[]> {
  const measured: MemoryMeasurement[] = [];
  const bare = { name: bareName, args: ['dist/bench/transport/bare-server.js'] };
  for (const one of [...plans.filter(({ tls, streams }) => streams && !tls), bare]) {
    progress(`memory: ${one.name}`);
    const server = await startEcho(one);
    const holder = fork(holderFile);
    try {
      measured.push(await measureOne({ name: one.name, server, holder }, plan));
    } finally {
      holder.kill('SIGKILL');
      await server.close();
    }
  }
  return measured;
}

const bareName = 'bare socket';

async function measureOne(
  { name, server, holder }: { name: string; server: ServerProcess; holder: ChildProcess },
  { held, churned }: MemoryPlan,
): Promise<MemoryMeasurement> {
  const order = { port: server.port, bare: name === bareName };
  const resident = async (): Promise<number> => {
    process.kill(server.pid, 'SIGUSR2');
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    return residentBytes(server.pid);
  };
  await ask(holder, { ...order, kind: 'warm', count: warmUpCalls });
  const before = await resident();
  const kept = await ask(holder, { ...order, kind: 'hold', count: held });
  const after = await resident();
  await ask(holder, { ...order, kind: 'churn', count: Math.round(churned / 5) });
  const warm = await resident();
  const gone = await ask(holder, { ...order, kind: 'churn', count: Math.round((churned * 4) / 5) });
  return {
    subject: name,
    idleBytesPerConnection: (after - before) / Math.max(1, kept),
    held: kept,
    residentMiB: after / 1024 / 1024,
    churned: gone,
    leftBytes: (await resident()) - warm,
  };
}

function ask(holder: ChildProcess, order: HolderOrder): Promise<number> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('the process that holds connections has ended'));
    holder.once('exit', ended);
    holder.once('message', (done) => {
      holder.off('exit', ended);
      resolve(Number(done));
    });
    holder.send(order);
  });
}

export function memoryTable(measured: readonly MemoryMeasurement[]): string {
  const head = ['server', 'idle', 'B each', 'beyond the socket', 'RSS MiB', 'came and went', 'left KiB'];
  return formatTable(
    head,
    measured.map((one) => [
      one.subject,
      String(one.held),
      one.idleBytesPerConnection.toFixed(0),
      beyondSocket(measured, one).toFixed(0),
      one.residentMiB.toFixed(0),
      String(one.churned),
      (one.leftBytes / 1024).toFixed(0),
    ]),
  );
}

function beyondSocket(measured: readonly MemoryMeasurement[], one: MemoryMeasurement): number {
  const bare = measured.find(({ subject }) => subject === bareName);
  return one.idleBytesPerConnection - (bare?.idleBytesPerConnection ?? 0);
}

export function judgeMemory(measured: readonly MemoryMeasurement[]): Verdict[] {
  return measured
    .filter(({ subject }) => subject === 'http2')
    .flatMap((one) => [
      verdict(
        beyondSocket(measured, one),
        { most: idleConnectionBytesMost },
        {
          target: 'bytes of an idle connection beyond the socket: http2',
          cell: `${one.held} idle`,
          client: 'raw',
        },
      ),
      verdict(
        one.leftBytes / 1024 / 1024 / one.residentMiB,
        { most: leftShareMost },
        {
          target: 'share of memory left by connections gone: http2',
          cell: `${one.churned} gone`,
          client: 'raw',
        },
      ),
    ]);
}
