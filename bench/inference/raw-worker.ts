import { InferenceSession, Tensor } from 'onnxruntime-node';
import { parentPort, workerData } from 'node:worker_threads';
import { sessionOptions } from '../../src/instances/backends/onnx-options.js';
import { Recorder } from '../../src/loadtest/recorder.js';
import { benchModel } from '../models/catalog.js';
import type { GraphTensor } from '../models/onnx.js';
import { rowShape, valuesFor } from '../models/request.js';
import type { RawFigures, RawOrder } from './raw.js';

// The model alone, in a loop in a thread: the session opened as the server opens it, all tensors made before.

const order = workerData as RawOrder;
const model = benchModel(order.model);
const { inputs, outputs } = model.graph();
const session = await InferenceSession.create(
  order.file,
  sessionOptions({
    name: model.name,
    modelFile: order.file,
    spec: { name: model.name, maxBatchSize: model.maxBatchSize, inputs: [], outputs: [] },
    session: {
      intraOpThreads: undefined,
      interOpThreads: undefined,
      parallel: false,
      memoryArena: true,
      memoryPattern: true,
      graphOptimization: 'all',
      shareWeights: false,
      entries: {},
    },
    intraOpThreads: order.threads,
    nice: 0,
    gpu: -1,
  }),
);
const results: RawFigures[] = [];
for (const batch of order.batches) results.push(await loop(batch));
await session.release();
parentPort?.postMessage(results);

function tensors(specs: readonly GraphTensor[], batch: number): Record<string, Tensor> {
  return Object.fromEntries(
    specs.map((spec) => {
      const shape = [batch, ...rowShape(spec)];
      const values = valuesFor(
        spec.type,
        shape.reduce((all, dim) => all * dim, 1),
      );
      return [spec.name, new Tensor(spec.type === 'FP32' ? 'float32' : 'int32', values, shape)];
    }),
  );
}

async function loop(batch: number): Promise<RawFigures> {
  const [feeds, fetches] = [tensors(inputs, batch), tensors(outputs, batch)];
  await runFor(order.ms / 4, async () => session.run(feeds, fetches));
  const times = new Recorder();
  const startMs = performance.now();
  await runFor(order.ms, async () => {
    const beganMs = performance.now();
    await session.run(feeds, fetches);
    times.record((performance.now() - beganMs) * 1000);
  });
  const runsPerSecond = times.count / ((performance.now() - startMs) / 1000);
  return {
    model: model.name,
    batch,
    runsPerSecond,
    inferencesPerSecond: runsPerSecond * batch,
    p50Us: times.quantileUs(0.5),
    p99Us: times.quantileUs(0.99),
  };
}

/** At least three times, so that slow models have a figure too. */
async function runFor(ms: number, once: () => Promise<unknown>): Promise<void> {
  const endMs = performance.now() + ms;
  for (let count = 0; count < 3 || performance.now() < endMs; count++) await once();
}
