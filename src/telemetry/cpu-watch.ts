import { readFile } from 'node:fs/promises';
import type { Family } from './metrics.js';

/** Ticks of all processors since the machine started. */
export interface CpuTicks {
  readonly total: number;
  readonly idle: number;
}

export interface MemoryBytes {
  readonly total: number;
  readonly used: number;
}

/**
 * The machine's processors and memory, looked at every so often, as Triton's metrics tell them: all of the machine,
 * also in a container. Where the system has no /proc nothing is told.
 */
export class CpuWatch {
  readonly #intervalMs: number;
  readonly #read: (file: string) => Promise<string>;
  #timer: NodeJS.Timeout | undefined;
  #ticks: CpuTicks | undefined;
  #utilization: number | undefined;
  #memory: MemoryBytes | undefined;

  constructor(intervalMs: number, read = (file: string): Promise<string> => readFile(file, 'utf8')) {
    this.#intervalMs = intervalMs;
    this.#read = read;
  }

  /** Looks now, and from here on every interval. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.look(), this.#intervalMs).unref();
    await this.look();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async look(): Promise<void> {
    try {
      const [stat, meminfo] = await Promise.all([this.#read('/proc/stat'), this.#read('/proc/meminfo')]);
      const ticks = parseCpuTicks(stat);
      if (ticks !== undefined) this.#utilization = utilization(this.#ticks, ticks);
      this.#ticks = ticks;
      this.#memory = parseMemory(meminfo);
    } catch {
      this.#utilization = undefined;
      this.#memory = undefined;
    }
  }

  families(): Family[] {
    const gauge = (name: string, help: string, value: number | undefined): Family => ({
      name,
      help,
      type: 'gauge',
      samples: value === undefined ? [] : [{ labels: {}, value }],
    });
    return [
      gauge('nv_cpu_utilization', 'CPU utilization rate [0.0 - 1.0]', this.#utilization),
      gauge('nv_cpu_memory_total_bytes', 'CPU total memory (RAM), in bytes', this.#memory?.total),
      gauge('nv_cpu_memory_used_bytes', 'CPU used memory (RAM), in bytes', this.#memory?.used),
    ];
  }
}

/** Of /proc/stat: its first line adds all processors up. */
export function parseCpuTicks(text: string): CpuTicks | undefined {
  const [name, ...fields] = text
    .slice(0, Math.max(0, text.indexOf('\n')))
    .trim()
    .split(/\s+/);
  // user nice system idle iowait irq softirq steal; guests are in user already.
  const ticks = fields.slice(0, 8).map(Number);
  if (name !== 'cpu' || ticks.length < 4 || ticks.some(Number.isNaN)) return undefined;
  const total = ticks.reduce((sum, count) => sum + count, 0);
  return { total, idle: (ticks[3] ?? 0) + (ticks[4] ?? 0) };
}

/** Of /proc/meminfo. */
export function parseMemory(text: string): MemoryBytes | undefined {
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024;
  const total = bytes('MemTotal');
  const used = total - bytes('MemAvailable');
  return Number.isNaN(used) ? undefined : { total, used };
}

/** The share of the time between two looks that was not idle; since the start of the machine at the first one. */
function utilization(before: CpuTicks | undefined, now: CpuTicks): number {
  const total = now.total - (before?.total ?? 0);
  const idle = now.idle - (before?.idle ?? 0);
  return total <= 0 ? 0 : Math.min(1, Math.max(0, (total - idle) / total));
}
