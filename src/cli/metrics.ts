import { MetricsFrontEnd } from '../frontends/http/metrics.js';
import { Ledger } from '../models/ledger.js';
import { modelFamilies } from '../server/metrics/model-families.js';
import { serverFamilies } from '../server/metrics/server-families.js';
import { tritonFamilies } from '../server/metrics/triton-families.js';
import { tritonVersion, type Server } from '../server/server.js';
import { CpuWatch } from '../telemetry/cpu-watch.js';
import { GpuWatch } from '../telemetry/gpu-watch.js';
import type { Log } from '../telemetry/log.js';
import { metricsContentType, MetricsPage, type Family, type MetricSource } from '../telemetry/metrics.js';
import { RuntimeWatch } from '../telemetry/runtime.js';
import type { MetricsFlags } from './metrics-options.js';
import { portFamilies, type Port } from './port-families.js';
import { packageVersion } from './version.js';

/** What metrics are told of beside the models. */
export interface Measured {
  readonly server: Server;
  readonly ports: () => readonly Port[];
}

/** Everything that is measured: begun before the models are loaded, so that their loads are measured too. */
export class Metrics {
  readonly ledger: Ledger;
  readonly #flags: MetricsFlags;
  readonly #cpu: CpuWatch;
  readonly #gpus: GpuWatch;
  readonly #runtime: RuntimeWatch;

  constructor(flags: MetricsFlags, log: Log) {
    const nowMs = (): number => performance.now();
    this.#flags = flags;
    this.ledger = new Ledger({ histograms: flags.histogramLatencies, quantiles: flags.quantiles, nowMs });
    this.#cpu = new CpuWatch(flags.intervalMs);
    this.#gpus = new GpuWatch(flags.intervalMs, log, nowMs);
    this.#runtime = new RuntimeWatch({ version: packageVersion(), triton: tritonVersion });
  }

  /** Looks at the machine from here on. */
  async start(): Promise<void> {
    const { cpu, gpu } = this.#flags;
    await Promise.all([cpu ? this.#cpu.start() : undefined, gpu ? this.#gpus.start() : undefined]);
  }

  /** The page, to be served at a port of its own. */
  frontEnd({ server, ports }: Measured): MetricsFrontEnd {
    const { counterLatencies, quantiles, seriesMax, listener } = this.#flags;
    const gpuUuid = (gpu: number): string | undefined => this.#gpus.uuidOf(gpu);
    const sources: MetricSource[] = [
      () => {
        const series = this.ledger.series();
        return [
          ...tritonFamilies(series, { counterLatencies, quantiles, gpuUuid }),
          ...this.#cpu.families(),
          ...pinnedFamilies,
          ...this.#gpus.families(),
          ...serverFamilies(server.load),
          ...portFamilies(ports()),
          ...this.#runtime.families(),
          ...modelFamilies(series),
        ];
      },
    ];
    const page = new MetricsPage(sources, seriesMax);
    return new MetricsFrontEnd({ contentType: metricsContentType, read: () => page.read() }, listener);
  }

  close(): void {
    this.#cpu.close();
    this.#gpus.close();
    this.#runtime.close();
  }
}

/** There is no such pool: ONNX Runtime manages its memory itself. */
const pinnedFamilies: readonly Family[] = [
  {
    name: 'nv_pinned_memory_pool_total_bytes',
    help: 'Pinned memory pool total memory size, in bytes',
    type: 'gauge',
    samples: [{ labels: {}, value: 0 }],
  },
  {
    name: 'nv_pinned_memory_pool_used_bytes',
    help: 'Pinned memory pool used memory size, in bytes',
    type: 'gauge',
    samples: [{ labels: {}, value: 0 }],
  },
];
