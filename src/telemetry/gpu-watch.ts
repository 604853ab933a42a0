import { spawn, type ChildProcess } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Log } from './log.js';
import type { Family, Sample } from './metrics.js';

/** One GPU as nvidia-smi tells it; what it does not support is left out. */
export interface GpuReading {
  readonly index: number;
  readonly uuid: string;
  readonly utilization: number | undefined;
  readonly memoryTotalBytes: number | undefined;
  readonly memoryUsedBytes: number | undefined;
  readonly powerWatts: number | undefined;
  readonly powerLimitWatts: number | undefined;
}

interface Gpu {
  readonly reading: GpuReading;
  readonly atMs: number;
  readonly joules: number;
}

const program = 'nvidia-smi';
const fields = 'index,uuid,utilization.gpu,memory.total,memory.used,enforced.power.limit,power.draw'.split(
  ',',
);
const mebibyte = 1024 * 1024;

/** After so many intervals without a line a GPU's values are old. */
const staleIntervals = 5;

/** An nvidia-smi that ended is started again so much later. */
const restartMs = 60_000;

/**
 * GPUs by what nvidia-smi tells again and again, if the machine has it: one process that goes on, for starting one holds
 * the event loop up. Energy is power summed up over time since the server's start.
 */
export class GpuWatch {
  readonly #intervalMs: number;
  readonly #log: Log;
  readonly #nowMs: () => number;
  readonly #gpus = new Map<string, Gpu>();
  #child: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(intervalMs: number, log: Log, nowMs: () => number) {
    this.#intervalMs = intervalMs;
    this.#log = log;
    this.#nowMs = nowMs;
  }

  /** Resolves when it is known whether there is an nvidia-smi, which then has been started. */
  async start(env: NodeJS.ProcessEnv = process.env): Promise<void> {
    const file = await findOnPath(program, env['PATH'] ?? '');
    if (file !== undefined && !this.#closed) this.#run(file);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#restart);
    this.#child?.kill();
  }

  /** The name of a GPU for labels. */
  uuidOf(index: number): string | undefined {
    return [...this.#gpus.values()].find(({ reading }) => reading.index === index)?.reading.uuid;
  }

  families(): Family[] {
    const oldestMs = this.#nowMs() - staleIntervals * this.#intervalMs;
    const gpus = [...this.#gpus.values()].filter(({ atMs }) => atMs >= oldestMs);
    const family = (
      [name, help]: readonly [string, string],
      read: (gpu: Gpu) => number | undefined,
      type: Family['type'] = 'gauge',
    ): Family => ({
      name,
      help,
      type,
      samples: gpus.flatMap((gpu): Sample[] => {
        const value = read(gpu);
        return value === undefined ? [] : [{ labels: { gpu_uuid: gpu.reading.uuid }, value }];
      }),
    });
    return [
      family(
        ['nv_gpu_utilization', 'GPU utilization rate [0.0 - 1.0)'],
        ({ reading }) => reading.utilization,
      ),
      family(
        ['nv_gpu_memory_total_bytes', 'GPU total memory, in bytes'],
        ({ reading }) => reading.memoryTotalBytes,
      ),
      family(
        ['nv_gpu_memory_used_bytes', 'GPU used memory, in bytes'],
        ({ reading }) => reading.memoryUsedBytes,
      ),
      family(['nv_gpu_power_usage', 'GPU power usage in watts'], ({ reading }) => reading.powerWatts),
      family(
        ['nv_gpu_power_limit', 'GPU power management limit in watts'],
        ({ reading }) => reading.powerLimitWatts,
      ),
      family(
        ['nv_energy_consumption', 'GPU energy consumption in joules since the server started'],
        ({ reading, joules }) => (reading.powerWatts === undefined ? undefined : joules),
        'counter',
      ),
    ];
  }

  #run(file: string): void {
    const child = spawn(
      file,
      [`--query-gpu=${fields.join()}`, '--format=csv,noheader,nounits', `--loop-ms=${this.#intervalMs}`],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    this.#child = child;
    child.unref();
    createInterface({ input: child.stdout }).on('line', (line) => this.#receive(line));
    const ended = (why: string): void => {
      if (this.#closed || this.#child !== child) return;
      this.#child = undefined;
      this.#log.warning(`no metrics of GPUs for now: ${file} ${why}`);
      this.#restart = setTimeout(() => this.#run(file), restartMs).unref();
    };
    child.once('error', (error) => ended(`could not be started: ${error.message}`));
    child.once('exit', (code) => ended(`ended with code ${code}`));
  }

  #receive(line: string): void {
    const reading = parseGpuLine(line);
    if (reading === undefined) return;
    const before = this.#gpus.get(reading.uuid);
    const nowMs = this.#nowMs();
    const secs = before === undefined ? 0 : (nowMs - before.atMs) / 1000;
    const joules = (before?.joules ?? 0) + secs * (reading.powerWatts ?? 0);
    this.#gpus.set(reading.uuid, { reading, atMs: nowMs, joules });
  }
}

/** One line of nvidia-smi; undefined when it is not about a GPU. */
export function parseGpuLine(line: string): GpuReading | undefined {
  const [index = '', uuid = '', ...texts] = line.split(',').map((text) => text.trim());
  if (!/^\d+$/.test(index) || uuid === '' || texts.length !== fields.length - 2) return undefined;
  const number = (at: number, unit: number): number | undefined => {
    const value = Number.parseFloat(texts[at] ?? '');
    return Number.isNaN(value) ? undefined : value * unit;
  };
  return {
    index: Number(index),
    uuid,
    utilization: number(0, 0.01),
    memoryTotalBytes: number(1, mebibyte),
    memoryUsedBytes: number(2, mebibyte),
    powerLimitWatts: number(3, 1),
    powerWatts: number(4, 1),
  };
}

async function findOnPath(name: string, folders: string): Promise<string | undefined> {
  for (const folder of folders.split(path.delimiter).filter((one) => one !== '')) {
    const file = path.join(folder, name);
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return file;
  }
  return undefined;
}
