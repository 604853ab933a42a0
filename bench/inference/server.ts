import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { makeRepository, type Serving } from '../models/repository.js';
import { root, ServerProcess } from '../server-process.js';
import { ourNodeFlags } from '../subjects.js';
import type { LoopReport } from './loop-watch.js';

const answerMsMax = 10_000;
/** The event loop writes its report itself: renaming a file of a disk took it some milliseconds at times. */
const memoryFolder = '/dev/shm';

/** A server of ours with a watch on its event loop. */
export class WatchedServer {
  readonly process: ServerProcess;
  readonly #folder: string;
  #serial = 0;

  private constructor(process: ServerProcess, folder: string) {
    this.process = process;
    this.#folder = folder;
  }

  /** Starts a built file of ours as it is served. */
  static async start(
    args: readonly string[],
    { env = {} }: { readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<WatchedServer> {
    const folder = await mkdtemp(
      path.join(existsSync(memoryFolder) ? memoryFolder : tmpdir(), 'nereid-bench-'),
    );
    const watch = pathToFileURL(path.join(root, 'dist/bench/inference/loop-watch.js')).href;
    const flags = [...ourNodeFlags, `--import=${watch}`];
    const started = await ServerProcess.start(process.execPath, [...flags, ...args], {
      env: { ...env, NEREID_LOOP_FILE: path.join(folder, 'loop') },
    });
    return new WatchedServer(started, folder);
  }

  get pid(): number {
    return this.process.pid;
  }

  get port(): number {
    return this.process.port;
  }

  /** What the event loop did since this was asked last; the first answer says nothing. */
  async loopDelay(): Promise<LoopReport> {
    const wanted = ++this.#serial;
    process.kill(this.pid, 'SIGUSR2');
    for (const endMs = performance.now() + answerMsMax; performance.now() < endMs; await wait(5)) {
      const text = await readFile(path.join(this.#folder, 'loop'), 'utf8').catch(() => '');
      const report = text === '' ? undefined : (JSON.parse(text) as LoopReport);
      if (report?.serial === wanted) return report;
    }
    throw new Error('the server did not say what its event loop did');
  }

  async close(): Promise<void> {
    await this.process.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The real server with just these models, in a repository of its own. */
export async function serve(
  name: string,
  servings: readonly Serving[],
  {
    flags = [],
    env = {},
  }: { readonly flags?: readonly string[]; readonly env?: Record<string, string> } = {},
): Promise<WatchedServer> {
  const repository = await makeRepository(name, servings);
  const command = ['dist/src/cli/main.js', 'serve', `--model-repository=${repository}`];
  return WatchedServer.start(
    [
      ...command,
      '--grpc-address=127.0.0.1',
      '--grpc-port=0',
      '--http-address=127.0.0.1',
      '--http-port=0',
      '--metrics-port=0',
      ...flags,
    ],
    { env },
  );
}

/** The echo of the same bytes over the same transport and codec. */
export function serveEcho(
  options: { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<WatchedServer> {
  return WatchedServer.start(['dist/bench/echo-nereid.js'], options);
}
