import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { serve } from '../inference/server.js';
import { verdict, type Verdict } from '../judge.js';
import { benchModel, largeModel } from '../models/catalog.js';
import { modelFile, type Serving } from '../models/repository.js';
import { encodeModelRequest } from '../models/request.js';
import { ModelControl } from './control.js';
import {
  failedCount,
  mergeRounds,
  playStretches,
  recordOf,
  type Stretch,
  type StretchRecord,
} from './stage.js';

export interface NeighbourOptions {
  readonly megabytes: number;
  readonly loads: number;
  readonly perSecond: number;
  readonly connections: number;
  readonly seconds: number;
  readonly serverFlags: readonly string[];
}

export interface NeighbourResult {
  readonly rounds: readonly StretchRecord[];
  /** The rounds of each name as one. */
  readonly records: readonly StretchRecord[];
  readonly loadMs: readonly number[];
  /** Of loads whose model comes with the call. */
  readonly pushMs: readonly number[];
  readonly unloadMs: readonly number[];
}

/** What of the unloading is done when nothing is left that could be asked for. */
const afterUnloadMs = 500;
const laterMsMost = 20;
const loopMsMost = 10;

/** A small model is asked at a steady rate while a large one beside it comes and goes. */
export async function measureNeighbour(options: NeighbourOptions): Promise<NeighbourResult> {
  const [small, large] = [benchModel('tiny_mlp'), largeModel(options.megabytes)];
  const servings = [small, large].map((model): Serving => ({
    model,
    instanceCount: 1,
    threads: model.threads,
  }));
  const flags = ['--model-control-mode=explicit', `--load-model=${small.name}`, ...options.serverFlags];
  const server = await serve('reload-neighbour', servings, { flags });
  const control = new ModelControl(server.port);
  const [loadMs, pushMs, unloadMs]: [number[], number[], number[]] = [[], [], []];
  const file = await readFile(await modelFile(large));
  const { perSecond, loads, seconds, connections: connectionCount } = options;
  const open = (name: string, meanwhile: () => Promise<void>): Stretch => ({
    phase: { kind: 'open', name, perSecond, seconds: Infinity },
    meanwhile,
  });
  const calm = open('without', () => wait(seconds * 1000));
  const unloading = open('unloading', async () => {
    unloadMs.push(await control.unload(large.name));
    await wait(afterUnloadMs);
  });
  const cycle = [
    calm,
    open('loading', async () => void loadMs.push(await control.load(large.name))),
    open('loaded', () => wait(seconds * 1000)),
    unloading,
    open('pushing', async () => void pushMs.push(await control.push(large, file))),
    unloading,
  ];
  try {
    const played = await playStretches(
      server,
      { message: encodeModelRequest(small), connectionCount, limitMs: Infinity },
      [open('warm-up', () => wait(1000)), ...Array.from({ length: loads }, () => cycle).flat(), calm],
    );
    const rounds = played.slice(1);
    return { rounds, records: mergeRounds(rounds), loadMs, pushMs, unloadMs };
  } finally {
    control.close();
    await server.close();
  }
}

export function judgeNeighbour({ records }: NeighbourResult, client: string): Verdict[] {
  const said = (target: string, cell: string) => ({ target, cell, client });
  const calm = recordOf(records, 'without');
  return ['loading', 'pushing', 'unloading'].flatMap((name) => {
    const one = recordOf(records, name);
    return [
      verdict(
        (one.sentP99Us - calm.sentP99Us) / 1000,
        { most: laterMsMost },
        said('neighbour: p99 from sent beyond that without, ms', name),
      ),
      verdict(one.loopP99Us / 1000, { most: loopMsMost }, said('neighbour: p99 of the event loop, ms', name)),
      verdict(failedCount(one), { most: 0 }, said('neighbour: requests that failed', name)),
    ];
  });
}
