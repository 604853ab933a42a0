import { setTimeout as wait } from 'node:timers/promises';
import { formatTable } from '../../src/loadtest/report.js';
import { verdict, type Verdict } from '../judge.js';
import { encodeModelRequest } from '../models/request.js';
import { peakBytes, residentBytes, resetPeak } from '../process-usage.js';
import { progress } from '../progress.js';
import { findTools, loadWith, type FoundTool } from '../tools.js';
import { servingOf, type InferenceOptions } from './options.js';
import { answerBytes } from './probe.js';
import { serve, type WatchedServer } from './server.js';

const MiB = 1024 * 1024;
const small = { residentMiBMost: 200, driftShareMost: 0.05 } as const;
const large = {
  calls: 32,
  bytes: 16 * MiB,
  peakMiBMost: 1536,
  afterMiBMost: 350,
  waitSecondsMax: 30,
} as const;
const stretches = 8;

export interface MemoryResult {
  /** Resident after each stretch of the load on tiny_mlp and mid_mlp. */
  readonly samples: readonly number[];
  readonly smallPeakMiB: number;
  readonly largePeakMiB: number;
  readonly largeAfterMiB: number;
  /** Until it was back below its bound; undefined when it was not. */
  readonly largeBackAfterSeconds: number | undefined;
}

/** Memory under load with the two small models, and with many large requests under way. */
export async function measureMemory(options: InferenceOptions): Promise<MemoryResult | undefined> {
  const [tool] = await findTools(options.tools);
  if (tool === undefined) return undefined;
  return { ...(await measureSmall(tool, options)), ...(await measureLarge(tool, options)) };
}

async function measureSmall(
  tool: FoundTool,
  options: InferenceOptions,
): Promise<Pick<MemoryResult, 'samples' | 'smallPeakMiB'>> {
  const servings = ['tiny_mlp', 'mid_mlp'].map((name) => servingOf(name, options));
  const server = await serve('memory', servings, { flags: options.serverFlags });
  const { port, pid } = server.process;
  try {
    const samples: number[] = [];
    // The first stretches let heaps and pools reach their size.
    for (let stretch = -2; stretch < stretches; stretch++) {
      progress(`memory of two small models under load, ${stretch + 3} of ${stretches + 2}`);
      for (const { model } of servings) {
        const message = encodeModelRequest(model);
        const target = { port, message, answerBytes: await answerBytes(port, message), concurrency: 64 };
        await loadWith(tool, target, {
          seconds: options.seconds / 4,
          connectionCount: options.connectionCount,
        });
      }
      if (stretch >= 0) samples.push(residentBytes(pid) / MiB);
    }
    return { samples, smallPeakMiB: peakBytes(pid) / MiB };
  } finally {
    await server.close();
  }
}

async function measureLarge(
  tool: FoundTool,
  options: InferenceOptions,
): Promise<Pick<MemoryResult, 'largePeakMiB' | 'largeAfterMiB' | 'largeBackAfterSeconds'>> {
  const serving = servingOf('identity_fp32', options);
  const server = await serve('memory-large', [serving], { flags: options.serverFlags });
  try {
    progress(`memory with ${large.calls} × 16 MiB under way`);
    const message = encodeModelRequest(serving.model, { size: large.bytes / 4 });
    const { port, pid } = server.process;
    const target = { port, message, answerBytes: await answerBytes(port, message), concurrency: large.calls };
    resetPeak(pid);
    await loadWith(tool, target, { seconds: options.seconds, connectionCount: options.connectionCount });
    return { largePeakMiB: peakBytes(pid) / MiB, ...(await waitForReturn(server)) };
  } finally {
    await server.close();
  }
}

async function waitForReturn(
  server: WatchedServer,
): Promise<Pick<MemoryResult, 'largeAfterMiB' | 'largeBackAfterSeconds'>> {
  const startMs = performance.now();
  const seconds = (): number => (performance.now() - startMs) / 1000;
  for (;;) {
    const largeAfterMiB = residentBytes(server.pid) / MiB;
    if (largeAfterMiB <= large.afterMiBMost) return { largeAfterMiB, largeBackAfterSeconds: seconds() };
    if (seconds() > large.waitSecondsMax) return { largeAfterMiB, largeBackAfterSeconds: undefined };
    await wait(100);
  }
}

export function judgeMemory(result: MemoryResult | undefined): Verdict[] {
  if (result === undefined) return [];
  const { samples, largePeakMiB, largeAfterMiB } = result;
  const mean = samples.reduce((sum, one) => sum + one, 0) / samples.length;
  const drift = Math.max(...samples.map((one) => Math.abs(one - mean) / mean));
  const said = (target: string, cell: string) => ({ target: `7 ${target}`, cell, client: '' });
  const two = 'tiny_mlp and mid_mlp c=64';
  const many = `${large.calls} × 16 MiB`;
  return [
    verdict(Math.max(...samples), { most: small.residentMiBMost }, said('resident under load, MiB', two)),
    verdict(drift, { most: small.driftShareMost }, said('distance from the mean, as a share of it', two)),
    verdict(largePeakMiB, { most: large.peakMiBMost }, said('peak, MiB', many)),
    verdict(
      largeAfterMiB,
      { most: large.afterMiBMost },
      said(`within ${large.waitSecondsMax} s after, MiB`, many),
    ),
  ];
}

export function memoryTable(result: MemoryResult): string {
  const { samples, smallPeakMiB, largePeakMiB, largeAfterMiB, largeBackAfterSeconds } = result;
  const back = largeBackAfterSeconds === undefined ? 'not' : `after ${largeBackAfterSeconds.toFixed(1)} s`;
  return formatTable(
    ['memory', 'MiB'],
    [
      ['tiny_mlp and mid_mlp under load', samples.map((one) => one.toFixed(0)).join(' ')],
      ['their peak', smallPeakMiB.toFixed(0)],
      [`${large.calls} × 16 MiB under way, peak`, largePeakMiB.toFixed(0)],
      [`then, below ${large.afterMiBMost} MiB ${back}`, largeAfterMiB.toFixed(0)],
    ],
  );
}
