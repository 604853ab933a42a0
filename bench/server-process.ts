import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The project's root, seen from the built benches. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Tells whoever started this process where it listens, in the words of the real server. */
export function announcePort(port: number): void {
  process.stdout.write(`Started GRPCInferenceService at 127.0.0.1:${port}\n`);
}

const announcement = /Started GRPCInferenceService at \S+:(\d+)/;
const startMsMax = 60_000;
const closeMsMax = 15_000;

/** A server in a process of its own, from its announcement until `close`. */
export class ServerProcess {
  readonly port: number;
  readonly readyAfterMs: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, readyAfterMs: number) {
    this.#child = child;
    this.port = port;
    this.readyAfterMs = readyAfterMs;
  }

  /** Starts a command and waits until it says its port. */
  static async start(
    command: string,
    args: readonly string[],
    { env = {} }: { readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<ServerProcess> {
    const startMs = performance.now();
    // A group of its own: what the command starts can be ended with it.
    const child = spawn(command, args, {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    const orphaned = (): void => killGroup(child, 'SIGKILL');
    process.once('exit', orphaned);
    child.once('exit', () => process.off('exit', orphaned));
    const said: string[] = [];
    const port = await new Promise<number>((resolve, reject) => {
      const failed = (): void => reject(new Error(`${args.join(' ')} did not start:\n${said.join('\n')}`));
      const timer = setTimeout(failed, startMsMax);
      child.once('exit', failed);
      for (const stream of [child.stdout, child.stderr]) {
        if (stream === null) continue;
        createInterface(stream).on('line', (line) => {
          if (said.length < 100) said.push(line);
          const [, found] = announcement.exec(line) ?? [];
          if (found === undefined) return;
          clearTimeout(timer);
          child.off('exit', failed);
          resolve(Number(found));
        });
      }
    });
    return new ServerProcess(child, port, performance.now() - startMs);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** How the server has ended by itself, if it has. */
  get ended(): string | undefined {
    const { exitCode, signalCode } = this.#child;
    return signalCode ?? (exitCode === null ? undefined : `exit code ${exitCode}`);
  }

  /** Asks the server to end, and ends it when it has not after a while. */
  async close(): Promise<void> {
    if (this.ended !== undefined) return;
    const exited = once(this.#child, 'exit');
    killGroup(this.#child, 'SIGTERM');
    const timer = setTimeout(() => killGroup(this.#child, 'SIGKILL'), closeMsMax);
    await exited;
    clearTimeout(timer);
  }
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid !== undefined) process.kill(-pid, signal);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
