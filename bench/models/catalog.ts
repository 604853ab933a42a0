import { addSub, identity, imageScores, mlp } from './networks.js';
import type { Graph } from './onnx.js';
import { resnet50 } from './resnet50.js';

/** A model that the benches make and serve. */
export interface BenchModel {
  readonly name: string;
  readonly maxBatchSize: number;
  /** The scheduling part of its config. */
  readonly scheduling: string;
  /** Intra-op threads of an instance, where no option says otherwise. */
  readonly threads: number;
  /** Whether its weights lie in a file of their own. */
  readonly external?: boolean;
  /** Further parameters of its config. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly graph: () => Graph;
}

function delay(us: number): string {
  return `dynamic_batching { max_queue_delay_microseconds: ${us} }`;
}

const midWidths = [784, 1024, 1024, 1024, 10];
/** Runs of milliseconds, so that three times what it can do is little for its clients on the same cores. */
const overloadWidths = [784, 2048, 2048, 2048, 10];
/** 25 million weights: 100 MB. */
const largeWidths = [784, 4096, 4096, 1280];

/** How the overload bench's model treats what it cannot serve. */
export const overloadPolicy = { timeoutUs: 20_000, queueSizeMax: 1024 } as const;

const tinyMlp: BenchModel = {
  name: 'tiny_mlp',
  maxBatchSize: 64,
  scheduling: delay(100),
  threads: 1,
  graph: () => mlp([64, 64, 10]),
};

const all: readonly BenchModel[] = [
  tinyMlp,
  { ...tinyMlp, name: 'tiny_mlp_other', graph: () => mlp([64, 64, 10], 7) },
  { ...tinyMlp, name: 'tiny_mlp_inline', parameters: { 'nereid.instances': 'inline' } },
  { name: 'mid_mlp', maxBatchSize: 64, scheduling: delay(500), threads: 1, graph: () => mlp(midWidths) },
  { name: 'simple', maxBatchSize: 8, scheduling: 'dynamic_batching { }', threads: 1, graph: addSub },
  { name: 'resnet50', maxBatchSize: 8, scheduling: delay(1000), threads: 2, graph: resnet50 },
  {
    name: 'identity_fp32',
    maxBatchSize: 64,
    scheduling: 'dynamic_batching { }',
    threads: 1,
    graph: identity,
  },
  { name: 'image_scores', maxBatchSize: 8, scheduling: '', threads: 1, graph: imageScores },
  {
    name: 'large_100mb',
    maxBatchSize: 8,
    scheduling: delay(500),
    threads: 1,
    graph: () => mlp(largeWidths),
  },
  {
    name: 'large_100mb_external',
    maxBatchSize: 8,
    scheduling: delay(500),
    threads: 1,
    external: true,
    // Prepacked weights are copies of what is mapped.
    parameters: { 'session.disable_prepacking': '1' },
    graph: () => mlp(largeWidths),
  },
  {
    name: 'overload_mlp',
    maxBatchSize: 8,
    scheduling: `dynamic_batching {
  max_queue_delay_microseconds: 500
  default_queue_policy {
    timeout_action: REJECT
    default_timeout_microseconds: ${overloadPolicy.timeoutUs}
    max_queue_size: ${overloadPolicy.queueSizeMax}
  }
}`,
    threads: 1,
    graph: () => mlp(overloadWidths),
  },
];

export const benchModels: ReadonlyMap<string, BenchModel> = new Map(all.map((model) => [model.name, model]));

/** A model of so many MB of weights, all of them in its file. */
export function largeModel(megabytes: number): BenchModel {
  const { length, [0]: inputs = 0, [length - 1]: outputs = 0 } = largeWidths;
  // inputs × width + width² + width × outputs
  const half = (inputs + outputs) / 2;
  const width = Math.floor(Math.sqrt(half ** 2 + megabytes * 250_000) - half);
  return {
    name: `large_${megabytes}mb`,
    maxBatchSize: 8,
    scheduling: delay(500),
    threads: 1,
    graph: () => mlp([inputs, width, width, outputs]),
  };
}

export function benchModel(name: string): BenchModel {
  const model = benchModels.get(name);
  if (model === undefined) throw new Error(`no bench model '${name}': ${[...benchModels.keys()].join(', ')}`);
  return model;
}
