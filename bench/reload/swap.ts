import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { serve } from '../inference/server.js';
import { verdict, type Verdict } from '../judge.js';
import { benchModel } from '../models/catalog.js';
import { modelFile, repositoryFolder, writeConfig, type Serving } from '../models/repository.js';
import { encodeModelRequest } from '../models/request.js';
import { ModelControl, replaceFile } from './control.js';
import { failedCount, mergeRounds, playStretches, type Stretch, type StretchRecord } from './stage.js';

export interface SwapOptions {
  readonly reloads: number;
  readonly concurrency: number;
  readonly connections: number;
  readonly seconds: number;
  readonly serverFlags: readonly string[];
}

export interface SwapResult {
  readonly rounds: readonly StretchRecord[];
  /** The rounds of each name as one. */
  readonly records: readonly StretchRecord[];
  /** The last number of the answers of each of the two models. */
  readonly marks: readonly [first: string, second: string];
  readonly reloadMs: readonly number[];
  /** Of reloads that changed nothing but the number of instances. */
  readonly regroupMs: readonly number[];
  /** Answers of the model before, to calls that were made after a load had ended. */
  readonly staleCount: number;
}

const repository = 'reload-swap';
/** One change of instance groups for so many reloads. */
const reloadsPerRegroup = 5;

/** Two models take turns under one version number, while callers in lanes ask for it. */
export async function measureSwaps(options: SwapOptions): Promise<SwapResult> {
  const model = benchModel('tiny_mlp');
  const serving: Serving = { model, instanceCount: 1, threads: model.threads };
  const flags = ['--model-control-mode=explicit', `--load-model=${model.name}`, ...options.serverFlags];
  const server = await serve(repository, [serving], { flags });
  const control = new ModelControl(server.port);
  try {
    const swapper = await Swapper.start(control, serving);
    const { seconds, reloads, concurrency: lanes, connections: connectionCount } = options;
    const closed = (name: string, meanwhile: () => Promise<void>): Stretch => ({
      phase: { kind: 'closed', name, lanes, seconds: Infinity },
      meanwhile,
    });
    const calm = closed('without', () => wait(seconds * 1000));
    const played = await playStretches(
      server,
      { message: swapper.request, connectionCount, limitMs: Infinity, marks: true },
      [
        closed('warm-up', () => wait(1000)),
        calm,
        closed('reloads', () => swapper.swap(reloads)),
        calm,
        closed('instance groups', () => swapper.regroup(Math.ceil(reloads / reloadsPerRegroup))),
        calm,
      ],
    );
    const { marks, reloadMs, regroupMs, staleCount } = swapper;
    const rounds = played.slice(1);
    return { rounds, records: mergeRounds(rounds), marks, reloadMs, regroupMs, staleCount };
  } finally {
    control.close();
    await server.close();
  }
}

/** Changes the files of the model and has it loaded. */
class Swapper {
  readonly request: Buffer;
  readonly marks: readonly [first: string, second: string];
  readonly reloadMs: number[] = [];
  readonly regroupMs: number[] = [];
  staleCount = 0;
  readonly #control: ModelControl;
  readonly #serving: Serving;
  readonly #files: readonly string[];
  #turn = 0;

  private constructor(
    control: ModelControl,
    known: { serving: Serving; files: readonly string[]; marks: readonly [string, string] },
  ) {
    this.#control = control;
    this.#serving = known.serving;
    this.#files = known.files;
    this.marks = known.marks;
    this.request = encodeModelRequest(known.serving.model);
  }

  /** Learns how each of the two models answers. The first one serves afterwards. */
  static async start(control: ModelControl, serving: Serving): Promise<Swapper> {
    const files = [await modelFile(serving.model), await modelFile(benchModel('tiny_mlp_other'))];
    const swapper = new Swapper(control, { serving, files, marks: ['', ''] });
    const marks = [await swapper.#put(1), await swapper.#put(0)] as const;
    if (marks[0] === marks[1]) throw new Error('the two models answer alike. This is a bug.');
    return new Swapper(control, { serving, files, marks: [marks[1], marks[0]] });
  }

  async swap(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      this.#turn = 1 - this.#turn;
      const mark = await this.#put(this.#turn);
      if (mark !== this.marks[this.#turn]) this.staleCount++;
    }
  }

  async regroup(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      const instanceCount = i % 2 === 0 ? 2 : 1;
      await writeConfig(repositoryFolder(repository), { ...this.#serving, instanceCount });
      this.regroupMs.push(await this.#control.load(this.#serving.model.name));
    }
  }

  /** Loads one of the files, and says what is answered behind that. */
  async #put(turn: number): Promise<string> {
    const { name } = this.#serving.model;
    const file = path.join(repositoryFolder(repository), name, '1', 'model.onnx');
    await replaceFile(file, this.#files[turn] ?? '');
    this.reloadMs.push(await this.#control.load(name));
    return this.#control.mark(this.request);
  }
}

export function judgeSwaps({ records, staleCount }: SwapResult, client: string): Verdict[] {
  const said = (target: string, cell: string) => ({ target, cell, client });
  return [
    ...records.map((one) =>
      verdict(failedCount(one), { most: 0 }, said('swap: requests that failed', one.name)),
    ),
    verdict(staleCount, { most: 0 }, said('swap: old answers behind a load', 'reloads')),
  ];
}
