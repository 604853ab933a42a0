import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { root } from './server.js';

const main = path.join(root, 'dist/src/cli/main.js');

/** How a command ended and all that it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** A `nereid` in a process of its own; one that outlives its test's patience is killed. */
export class Command {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #out = '';
  #err = '';
  #told = (): void => {};

  constructor(
    args: readonly string[],
    {
      patienceMs = 30_000,
      env = {},
    }: { patienceMs?: number; env?: Readonly<Record<string, string | undefined>> } = {},
  ) {
    const child = spawn(process.execPath, [main, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.#child = child;
    child.stdout.on('data', (bytes: Buffer) => {
      this.#out += bytes.toString();
      this.#told();
    });
    child.stderr.on('data', (bytes: Buffer) => {
      this.#err += bytes.toString();
      this.#told();
    });
    const patience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        clearTimeout(patience);
        resolve({ code, signal, out: this.#out, err: this.#err });
        this.#told();
      });
    });
  }

  /** Waits for a text on either stream; the result is what the pattern matched. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    let over = false;
    void this.ended.then(() => (over = true));
    for (;;) {
      const found = pattern.exec(this.#out) ?? pattern.exec(this.#err);
      if (found !== null) return found;
      if (over) throw new Error(`it never said ${String(pattern)}:\n${this.#out}\n${this.#err}`);
      await new Promise<void>((resolve) => (this.#told = resolve));
      await Promise.resolve();
    }
  }

  /** The port of gRPC or of another service, once it is open. */
  async port(service = 'GRPCInferenceService'): Promise<number> {
    const [, port] = await this.said(new RegExp(`Started ${service} at \\S+?:(\\d+)\\b`));
    return Number(port);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(): Promise<Ended> {
    this.signal('SIGTERM');
    return this.ended;
  }
}

/** Runs a command to its end. */
export function run(...args: string[]): Promise<Ended> {
  return new Command(args).ended;
}

/** Flags by which a server takes ports that are free, on this machine alone. */
export const freePorts = [
  '--grpc-address=127.0.0.1',
  '--grpc-port=0',
  '--http-address=127.0.0.1',
  '--http-port=0',
  '--metrics-port=0',
];

/** `nereid serve` on free ports of this machine alone. */
export function serve(...args: string[]): Command {
  return serveWith({}, ...args);
}

/** As `serve`, with these variables in its environment. */
export function serveWith(env: Readonly<Record<string, string>>, ...args: string[]): Command {
  return new Command(['serve', ...freePorts, ...args], { env });
}
