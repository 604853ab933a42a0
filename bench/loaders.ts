import { mergeSerial, type LoadResult } from '../src/loadtest/load.js';
import { toFigures, type LoadFigures } from '../src/loadtest/report.js';
import type { LoadWorkers } from '../src/loadtest/workers.js';
import type { Cell } from './cells.js';
import { cpuSeconds, residentBytes } from './process-usage.js';
import { requestFor } from './subjects.js';

/** What was measured of a cell, by one load client. */
export interface Measurement {
  readonly subject: string;
  readonly payload: string;
  readonly concurrency: number;
  readonly client: string;
  readonly figures: LoadFigures;
  readonly serverCpuSecondsPer1000: number;
  readonly serverResidentMiB: number;
}

export function toMeasurement(
  { subject, payload, concurrency }: Cell,
  measured: { client: string; figures: LoadFigures; cpu: number },
): Measurement {
  const { client, figures, cpu } = measured;
  return {
    subject: subject.name,
    payload: payload.name,
    concurrency,
    client,
    figures,
    serverCpuSecondsPer1000: figures.requests === 0 ? 0 : (cpu / figures.requests) * 1000,
    serverResidentMiB: residentBytes(subject.server.pid) / 1024 / 1024,
  };
}

const warmUpMs = 300;

/** The rounds of one cell, driven by our own client. */
export class CellRounds {
  readonly cell: Cell;
  readonly #results: LoadResult[] = [];
  #cpu = 0;

  constructor(cell: Cell) {
    this.cell = cell;
  }

  async drive(workers: LoadWorkers, setup: { connectionCount: number; ms: number }): Promise<void> {
    const { subject, payload, concurrency } = this.cell;
    const { server } = subject;
    await workers.connect({
      target: `127.0.0.1:${server.port}`,
      request: requestFor(subject, payload),
      connectionCount: Math.min(setup.connectionCount, concurrency),
      answerBytesMin: payload.bytes,
    });
    await workers.drive({ concurrency, limit: { kind: 'duration', ms: warmUpMs } });
    const before = cpuSeconds(server.pid);
    this.#results.push(await workers.drive({ concurrency, limit: { kind: 'duration', ms: setup.ms } }));
    this.#cpu += cpuSeconds(server.pid) - before;
  }

  measurement(): Measurement {
    const figures = toFigures(mergeSerial(this.#results));
    return toMeasurement(this.cell, { client: 'nereid', figures, cpu: this.#cpu });
  }

  get failures(): ReadonlyMap<string, number> {
    return mergeSerial(this.#results).failures;
  }
}
