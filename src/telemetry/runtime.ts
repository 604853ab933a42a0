import { monitorEventLoopDelay, performance, type EventLoopUtilization } from 'node:perf_hooks';
import type { Family } from './metrics.js';

/** What this build is. */
export interface BuildInfo {
  readonly version: string;
  readonly triton: string;
}

/** The delay is sampled this often: each sample is one timer. */
const resolutionMs = 20;

/** Percentiles are of the time since a scrape that is at least so old, so that two who scrape do not take each other's values. */
const windowMs = 10_000;

const delayPercentiles = [50, 90, 99, 100] as const;

/** The process: its event loop, memory and processor time. */
export class RuntimeWatch {
  readonly #build: BuildInfo;
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });
  #sinceMs = performance.now();
  #delays: readonly (readonly [percentile: number, secs: number])[] = [];

  constructor(build: BuildInfo) {
    this.#build = build;
    this.#delay.enable();
  }

  close(): void {
    this.#delay.disable();
  }

  families(): Family[] {
    return [...this.#loopFamilies(), ...processFamilies(), this.#buildFamily()];
  }

  #loopFamilies(): Family[] {
    const { active, idle }: EventLoopUtilization = performance.eventLoopUtilization();
    return [
      {
        name: 'nereid_event_loop_delay_seconds',
        help: 'By how much timers of the event loop came late, in the last seconds; percentile 100 is the most',
        type: 'gauge',
        samples: this.#readDelays().map(([percentile, value]) => ({
          labels: { percentile: String(percentile) },
          value,
        })),
      },
      {
        name: 'nereid_event_loop_seconds_total',
        help: 'How long the event loop worked and waited: the rate of active is its utilisation',
        type: 'counter',
        samples: [
          { labels: { state: 'active' }, value: active / 1000 },
          { labels: { state: 'idle' }, value: idle / 1000 },
        ],
      },
    ];
  }

  #readDelays(): readonly (readonly [number, number])[] {
    const delay = this.#delay;
    const oldEnough = performance.now() - this.#sinceMs >= windowMs;
    if (delay.count > 0 && (oldEnough || this.#delays.length === 0)) {
      this.#delays = delayPercentiles.map((percentile) => {
        const ns = percentile === 100 ? delay.max : delay.percentile(percentile);
        // What is measured is the time between two timers.
        return [percentile, Math.max(0, ns / 1e9 - resolutionMs / 1000)] as const;
      });
      delay.reset();
      this.#sinceMs = performance.now();
    }
    return this.#delays;
  }

  #buildFamily(): Family {
    const labels = { ...this.#build, node: process.versions.node };
    return {
      name: 'nereid_build_info',
      help: 'Versions of this server, of the Triton whose behaviour it copies, and of Node; always 1',
      type: 'gauge',
      samples: [{ labels, value: 1 }],
    };
  }
}

function processFamilies(): Family[] {
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const kinds = {
    resident: rss,
    heap: heapTotal,
    heap_used: heapUsed,
    external,
    array_buffers: arrayBuffers,
  };
  return [
    {
      name: 'nereid_process_memory_bytes',
      help: 'Memory of the process; resident holds all others, external holds array_buffers',
      type: 'gauge',
      samples: Object.entries(kinds).map(([kind, value]) => ({ labels: { kind }, value })),
    },
    {
      name: 'nereid_process_cpu_seconds_total',
      help: 'Processor time of all threads of the process',
      type: 'counter',
      samples: [
        { labels: { mode: 'user' }, value: user / 1e6 },
        { labels: { mode: 'system' }, value: system / 1e6 },
      ],
    },
    {
      name: 'nereid_process_start_time_seconds',
      help: 'When the process started, in seconds since 1970',
      type: 'gauge',
      samples: [{ labels: {}, value: performance.timeOrigin / 1000 }],
    },
  ];
}
